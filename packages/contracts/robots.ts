/** A host's robots.txt as the fleet keeps it (`robots_files`). */
export interface RobotsFile {
  /** `absent`: the host has none, so everything is allowed. `unreachable`: nobody can say, so nothing is for now. */
  state: "found" | "absent" | "unreachable";
  /** Of a file that was found. */
  body: string | null;
  /** Why it was not found, in words. */
  detail: string | null;
}

export type RobotsAnswer =
  | { is: "kept"; file: RobotsFile; freshForMs: number }
  /** The caller fetches it, and keeps it; others wait. */
  | { is: "to-be-fetched" }
  | { is: "being-fetched" };
