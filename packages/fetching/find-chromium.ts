import { accessSync, constants, statSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, join } from "node:path";
import type Playwright from "playwright-core";

const names = ["chromium-headless-shell", "chromium", "google-chrome"];

/**
 * Path of the Chromium to use: CHROMIUM_PATH, then the system's, then Playwright's own. Null if there is none.
 * A CHROMIUM_PATH that is no program gives null too, for a person who names one means that one.
 */
export function findChromium(environment: NodeJS.ProcessEnv = process.env): string | null {
  const named = environment["CHROMIUM_PATH"]?.trim();
  if (named) return isProgram(named) ? named : null;
  const folders = (environment["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  const candidates = names.flatMap((name) => folders.map((folder) => join(folder, name)));
  return candidates.find(isProgram) ?? playwrightsOwn();
}

function playwrightsOwn(): string | null {
  // Loaded only when asked: playwright-core is most of this package's memory.
  const { chromium } = createRequire(import.meta.url)("playwright-core") as typeof Playwright;
  const path = chromium.executablePath();
  return isProgram(path) ? path : null;
}

export function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    // Not there, or not to be run: either way not a program for us.
    return false;
  }
}
