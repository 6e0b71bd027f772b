import { chromiumPackages } from "./chromium.ts";
import { installDebianPackages } from "./debian-packages.ts";
import { findPostgres } from "./postgres.ts";
import { findRabbitmq } from "./rabbitmq.ts";

export type ServerName = "postgres" | "rabbitmq";

/**
 * Installs what these servers need and the machine lacks, all in one go: a person who has to do it by hand gets one
 * command, with the package of a missing Chromium in it.
 * @throws PackagesMissingError where it cannot be installed.
 */
export function installServerPackages(servers: readonly ServerName[], report: (line: string) => void): void {
  const packages: string[] = [];
  if (servers.includes("postgres") && findPostgres() === null) packages.push("postgresql");
  if (servers.includes("rabbitmq") && !findRabbitmq()) packages.push("rabbitmq-server");
  if (packages.length > 0) installDebianPackages([...packages, ...chromiumPackages()], report);
}
