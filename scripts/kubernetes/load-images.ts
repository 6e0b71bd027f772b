import { join } from "node:path";
import { clusterFolder, run } from "./tools.ts";

const TIMEOUT_MS = 300_000;

/**
 * Brings images of this machine into a cluster that has them loaded, which is told by its context's name. @returns false
 * for any other: its nodes take images from where they always do. @throws CommandFailedError
 */
export function loadImages(context: string, images: readonly string[]): boolean {
  if (context === "pricefleet-test") {
    const archive = archivePath();
    try {
      run([join(clusterFolder, "images/save"), ...images, archive], { timeoutMs: TIMEOUT_MS });
      run([join(clusterFolder, "cluster"), "load", archive], { timeoutMs: TIMEOUT_MS });
    } finally {
      run(["rm", "-f", archive]);
    }
    return true;
  }
  if (context.startsWith("kind-")) {
    run(["kind", "load", "docker-image", `--name=${context.slice("kind-".length)}`, ...images], {
      timeoutMs: TIMEOUT_MS,
    });
    return true;
  }
  if (context.startsWith("k3d-")) {
    run(["k3d", "image", "import", `--cluster=${context.slice("k3d-".length)}`, ...images], {
      timeoutMs: TIMEOUT_MS,
    });
    return true;
  }
  return false;
}

/** Where an archive of images lies until it is loaded. */
export function archivePath(): string {
  return join(process.env["TMPDIR"] ?? "/tmp", `pricefleet-images-${process.pid}.tar`);
}
