import { execFileSync } from "node:child_process";
import { basename, join } from "node:path";
import { commandWorks } from "./debian-packages.ts";
import type { ServerStarter } from "./started-servers.ts";

/** The first time pulls two images. */
const UP_TIMEOUT_MS = 10 * 60_000;
const COMMAND_TIMEOUT_MS = 60_000;
const composeFile = join(import.meta.dirname, "..", "..", "compose.yaml");
/** Any free one: a `docker compose up` of the whole of Pricefleet may have the usual ones. */
const freePorts = { POSTGRES_PORT: "", RABBITMQ_PORT: "", RABBITMQ_UI_PORT: "" };

/** Is there a Docker Compose, and a daemon that answers it? */
export function dockerComposeWorks(): boolean {
  return commandWorks("docker", ["compose", "version"]) && commandWorks("docker", ["info"]);
}

/**
 * Starts services of compose.yaml on loopback ports of Docker's choice. Their data and passwords stay in volumes of the
 * project, which is named for the folder, so a second call finds what the first one left.
 */
export function composeStarter(dataDir: string): ServerStarter {
  const addressOf = (service: string, port: number) =>
    compose(dataDir, COMMAND_TIMEOUT_MS, "port", service, String(port)).trim();
  const passwordOf = (service: string, file: string) =>
    compose(dataDir, COMMAND_TIMEOUT_MS, "exec", "-T", service, "cat", file).trim();
  const container = {
    origin: "Docker Compose",
    process: null,
    composeFolder: dataDir,
    stop: () => Promise.resolve(stopCompose(dataDir)),
  };
  return {
    postgres() {
      compose(dataDir, UP_TIMEOUT_MS, "up", "--detach", "--wait", "postgres");
      const password = passwordOf("postgres", "/secrets/postgres-password");
      const adminUrl = `postgres://postgres:${password}@${addressOf("postgres", 5432)}/postgres`;
      return Promise.resolve({ adminUrl, ...container });
    },
    rabbitmq() {
      compose(dataDir, UP_TIMEOUT_MS, "up", "--detach", "--wait", "rabbitmq");
      const password = passwordOf("rabbitmq", "/secrets/rabbitmq/password");
      return Promise.resolve({
        amqpUrl: `amqp://pricefleet:${password}@${addressOf("rabbitmq", 5672)}`,
        management: {
          url: `http://${addressOf("rabbitmq", 15672)}`,
          userName: "operator",
          password: passwordOf("rabbitmq", "/secrets/rabbitmq/operator-password"),
        },
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
  return execFileSync("docker", ["compose", ...project, ...parameters], {
    encoding: "utf8",
    timeout: timeoutMs,
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, ...freePorts },
  });
}
