import { spawnSync } from "node:child_process";
import { join } from "node:path";

const INSTALL_TIMEOUT_MS = 15 * 60_000;
const installer = join(import.meta.dirname, "install-debian-packages.sh");

/** What is missing can only be installed by a person. The message says the exact command. */
export class PackagesMissingError extends Error {
  override readonly name = "PackagesMissingError";
}

/**
 * Installs Debian packages as root, or by sudo where it asks for no password. Does nothing for an empty list.
 * @throws PackagesMissingError where neither is possible or the installation fails.
 */
export function installDebianPackages(packages: readonly string[], report: (line: string) => void): void {
  if (packages.length === 0) return;
  const byHand = `sudo sh scripts/servers/install-debian-packages.sh ${packages.join(" ")}`;
  if (!commandWorks("apt-get", ["--version"])) {
    throw new PackagesMissingError(
      `${packages.join(", ")} not found, and this is not a Debian or Ubuntu machine. Set DATABASE_URL and AMQP_URL to servers that run, or install Docker Compose.`,
    );
  }
  const isRoot = process.getuid?.() === 0;
  if (!isRoot && !commandWorks("sudo", ["-n", "true"])) {
    throw new PackagesMissingError(
      `These Debian packages are missing: ${packages.join(", ")}. Install them once with:\n  ${byHand}`,
    );
  }
  report(`Installing the Debian packages ${packages.join(", ")} …`);
  const command = ["sh", installer, ...packages];
  const done = isRoot
    ? spawnSync("sh", command.slice(1), { encoding: "utf8", timeout: INSTALL_TIMEOUT_MS })
    : spawnSync("sudo", ["-n", ...command], { encoding: "utf8", timeout: INSTALL_TIMEOUT_MS });
  if (done.status === 0) return;
  const end = `${done.stdout}${done.stderr}`.trimEnd().split("\n").slice(-15).join("\n");
  throw new PackagesMissingError(`installing ${packages.join(", ")} failed:\n${end}\nBy hand: ${byHand}`);
}

export function commandWorks(program: string, parameters: readonly string[]): boolean {
  const done = spawnSync(program, parameters, { stdio: "ignore", timeout: 20_000 });
  return done.status === 0;
}
