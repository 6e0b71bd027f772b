/**
 * Takes out of a pg_dump what differs between two dumps of one schema: the server's minor version, the random
 * token of \restrict, session settings, and the comments that only repeat the statement below them.
 */
export function normaliseDump(dump: string): string {
  const kept = dump
    .split("\n")
    .filter((line) => !/^(--|\\(un)?restrict |SET |SELECT pg_catalog\.set_config)/.test(line))
    .join("\n");
  return `${kept.replaceAll(/\n{3,}/g, "\n\n").trim()}\n`;
}
