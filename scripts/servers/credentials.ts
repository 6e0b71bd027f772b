import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/** Generated, never fixed; letters and digits only, so that it needs no quoting in a URL, SQL or a config file. */
function generatePassword(): string {
  return randomBytes(24).toString("hex");
}

/**
 * The passwords kept in a file that only its owner reads; those missing are generated and added.
 * So a second run, or another command, finds the servers of the first.
 */
export function keptPasswords<Name extends string>(
  file: string,
  names: readonly Name[],
): Record<Name, string> {
  const kept = existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Record<string, string>) : {};
  const passwords = { ...kept };
  for (const name of names) passwords[name] ??= generatePassword();
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(passwords, null, 2)}\n`, { mode: 0o600 });
  return passwords as Record<Name, string>;
}
