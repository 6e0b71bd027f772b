// For test-chaos.sh: servers, Chromium, and the library by which a process's clock can jump.
import { globSync } from "node:fs";
import {
  findOrInstallChromium,
  installDebianPackages,
  installServerPackages,
  PackagesMissingError,
} from "./servers/index.ts";

const report = (line: string) => console.error(line);
installServerPackages(["postgres", "rabbitmq"], report);
findOrInstallChromium(report);
try {
  if (globSync("/usr/lib/*/faketime/libfaketimeMT.so.1").length === 0)
    installDebianPackages(["libfaketime"], report);
} catch (error) {
  if (!(error instanceof PackagesMissingError)) throw error;
  // Its one fault is skipped, and says so.
  report(error.message);
}
