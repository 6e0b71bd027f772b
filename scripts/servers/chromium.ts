import { existsSync } from "node:fs";
import { chromium } from "playwright-core";
import { commandWorks, installDebianPackages, PackagesMissingError } from "./debian-packages.ts";

/** The headless shell serves about three times the pages a second of the full browser. */
const systemBrowsers = [
  "/usr/bin/chromium-headless-shell",
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
];

/** The Chromium to use: CHROMIUM_PATH, the system's, Playwright's own; null without any. */
export function findChromium(environment: NodeJS.ProcessEnv = process.env): string | null {
  const named = environment["CHROMIUM_PATH"];
  if (named) return named;
  return [...systemBrowsers, chromium.executablePath()].find((path) => existsSync(path)) ?? null;
}

/**
 * As findChromium, and installs the Debian package when there is none.
 * @throws PackagesMissingError where it is neither there nor can be installed.
 */
export function findOrInstallChromium(report: (line: string) => void): string {
  const found = findChromium();
  if (found !== null) return found;
  // Ubuntu has Chromium as a snap only, which its apt packages merely point to.
  const debianPackage = ["chromium-headless-shell", "chromium"].find(isInDebian);
  if (debianPackage === undefined) {
    throw new PackagesMissingError(
      "no Chromium found and none in this machine's packages. Set CHROMIUM_PATH, or run:\n  npx playwright-core install --with-deps --only-shell chromium",
    );
  }
  installDebianPackages([debianPackage], report);
  const installed = findChromium();
  if (installed === null) throw new Error(`the package ${debianPackage} brought no Chromium under /usr/bin`);
  return installed;
}

function isInDebian(name: string): boolean {
  return commandWorks("apt-cache", ["show", "--no-all-versions", name]);
}
