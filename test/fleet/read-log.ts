import { readFileSync } from "node:fs";
import type { OwnedProcess } from "../../scripts/servers/index.ts";

/** What a service has logged so far, a record a line. */
export function logOf(service: OwnedProcess): Record<string, unknown>[] {
  return readFileSync(service.logFile, "utf8")
    .split("\n")
    .filter((line) => line.startsWith("{") && line.endsWith("}"))
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}
