import { existsSync } from "node:fs";
import { join } from "node:path";

/** Pages that sites really sent, saved by others. They are not part of the project: without them, tests over them are skipped. */
export const capturesDir =
  process.env["CAPTURES_DIR"] ?? join(import.meta.dirname, "../../../shared/captures");
export const hasCaptures = existsSync(capturesDir);
