import { findChromium } from "@pricefleet/fetching";
import { commandWorks, installDebianPackages, PackagesMissingError } from "./debian-packages.ts";

/**
 * CHROMIUM_PATH, the system's or Playwright's own Chromium; installs the Debian package when there is none.
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
  if (installed === null) throw new Error(`the package ${debianPackage} brought no Chromium`);
  return installed;
}

function isInDebian(name: string): boolean {
  return commandWorks("apt-cache", ["show", "--no-all-versions", name]);
}
