import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { keptPasswords } from "./credentials.ts";
import { commandWorks } from "./debian-packages.ts";
import type { ServerStarter } from "./started-servers.ts";

/** The first time pulls two images. */
const UP_TIMEOUT_MS = 10 * 60_000;
const COMMAND_TIMEOUT_MS = 60_000;
const composeFile = join(import.meta.dirname, "..", "..", "compose.yaml");

/** Is there a Docker Compose, and a daemon that answers it? */
export function dockerComposeWorks(): boolean {
  return commandWorks("docker", ["compose", "version"]) && commandWorks("docker", ["info"]);
}

/**
 * Starts services of compose.yaml on loopback ports of Docker's choice. Their data stays in volumes of the project,
 * which is named for the folder, so a second call finds what the first one left.
 */
export function composeStarter(dataDir: string): ServerStarter {
  const passwords = keptPasswords(join(dataDir, "credentials.json"), ["postgres", "rabbitmq"]);
  writeFileSync(
    join(dataDir, "compose.env"),
    `POSTGRES_PASSWORD=${passwords.postgres}\nRABBITMQ_PASSWORD=${passwords.rabbitmq}\n`,
    { mode: 0o600 },
  );
  const addressOf = (service: string, port: number) =>
    compose(dataDir, COMMAND_TIMEOUT_MS, "port", service, String(port)).trim();
  const container = {
    origin: "Docker Compose",
    process: null,
    composeFolder: dataDir,
    stop: () => Promise.resolve(stopCompose(dataDir)),
  };
  return {
    postgres() {
      compose(dataDir, UP_TIMEOUT_MS, "up", "--detach", "--wait", "postgres");
      const adminUrl = `postgres://postgres:${passwords.postgres}@${addressOf("postgres", 5432)}/postgres`;
      return Promise.resolve({ adminUrl, ...container });
    },
    rabbitmq() {
      compose(dataDir, UP_TIMEOUT_MS, "up", "--detach", "--wait", "rabbitmq");
      const [userName, password] = ["pricefleet", passwords.rabbitmq];
      return Promise.resolve({
        amqpUrl: `amqp://${userName}:${password}@${addressOf("rabbitmq", 5672)}`,
        management: { url: `http://${addressOf("rabbitmq", 15672)}`, userName, password },
        ...container,
      });
    },
  };
}

/** Stops the folder's containers and keeps their data. */
export function stopCompose(dataDir: string): void {
  compose(dataDir, COMMAND_TIMEOUT_MS, "stop", "--timeout", "20");
}

function compose(dataDir: string, timeoutMs: number, ...parameters: string[]): string {
  const project = ["--project-name", `pricefleet-${basename(dataDir)}`, "--file", composeFile];
  return execFileSync(
    "docker",
    ["compose", ...project, "--env-file", join(dataDir, "compose.env"), ...parameters],
    { encoding: "utf8", timeout: timeoutMs, stdio: ["ignore", "pipe", "inherit"] },
  );
}
