import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { findChromium } from "@pricefleet/fetching";
import { installDebianPackages, PackagesMissingError } from "./debian-packages.ts";

const DOWNLOAD_TIMEOUT_MS = 5 * 60_000;

/** The package that brings a Chromium where none is found; none on Ubuntu, which has Chromium as a snap only. */
export function chromiumPackages(): string[] {
  if (findChromium() !== null) return [];
  return /^ID=debian$/m.test(readFileSync("/etc/os-release", "utf8")) ? ["chromium-headless-shell"] : [];
}

/**
 * CHROMIUM_PATH, the system's or Playwright's own Chromium. Where there is none, it is installed: Debian's package, or
 * Playwright's download elsewhere.
 * @throws PackagesMissingError where it is neither there nor can be installed.
 */
export function findOrInstallChromium(report: (line: string) => void): string {
  const found = findChromium();
  if (found !== null) return found;
  const packages = chromiumPackages();
  if (packages.length > 0) installDebianPackages(packages, report);
  else downloadPlaywrightsOwn(report);
  const installed = findChromium();
  if (installed !== null) return installed;
  throw new PackagesMissingError(
    "no Chromium found. Set CHROMIUM_PATH to one, or install a package that brings one",
  );
}

function downloadPlaywrightsOwn(report: (line: string) => void): void {
  report("Downloading Playwright's Chromium …");
  const program = join(import.meta.dirname, "..", "..", "node_modules", ".bin", "playwright-core");
  const done = spawnSync(process.execPath, [program, "install", "--with-deps", "--only-shell", "chromium"], {
    encoding: "utf8",
    timeout: DOWNLOAD_TIMEOUT_MS,
  });
  if (done.status === 0) return;
  const byHand = "npx playwright-core install --with-deps --only-shell chromium";
  throw new PackagesMissingError(
    `no Chromium found, and Playwright's could not be downloaded. By hand: ${byHand}\n${done.stderr.trim()}`,
  );
}
