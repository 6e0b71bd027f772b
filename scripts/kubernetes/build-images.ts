import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { clusterFolder, findTool, run, ToolMissingError } from "./tools.ts";

const root = join(import.meta.dirname, "../..");
const TIMEOUT_MS = 900_000;

/** The version that images, chart and Jobs carry. */
export const version = (JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string })
  .version;

/** What a test calls the version before this one: the same images under another tag, a chart that says so. */
export const olderVersion = "0.0.9";

const buildCommand = {
  docker: ["docker", "build"],
  podman: ["podman", "build"],
  buildah: ["buildah", "build"],
} as const;
type Builder = keyof typeof buildCommand;

/** What builds images on this machine. @throws ToolMissingError */
export function findBuilder(): Builder {
  const builder = (["docker", "podman", "buildah"] as const).find((name) => findTool(name) !== null);
  if (builder !== undefined) return builder;
  throw new ToolMissingError("None of docker, podman and buildah is in PATH; install one and try again");
}

export type ImageTarget = "service" | "browser" | "tor" | "sample";

export function imageName(target: ImageTarget, tag = version): string {
  return `pricefleet/${target}:${tag}`;
}

/** What the chart takes from others. */
export const serverImages = ["postgres:17", "rabbitmq:4-management"];

/**
 * Builds images of this repository: with the stand-ins for the official base images where those lie beside it, else with
 * docker, podman or buildah. Each gets all the tags. @throws ToolMissingError without one of them, CommandFailedError
 * with what it said.
 */
export function buildImages(
  targets: readonly ImageTarget[],
  tags: readonly string[],
  report: (line: string) => void,
): void {
  const standIns = join(clusterFolder, "images");
  const isLocal = existsSync(join(standIns, "bud")) && process.getuid?.() === 0;
  if (isLocal) {
    report("Making the base images …");
    run([join(standIns, "build"), "debian", "node", "postgres", "rabbitmq"], { timeoutMs: TIMEOUT_MS });
  }
  const revision = run(["git", "rev-parse", "HEAD"]).trim();
  const builder = isLocal ? [join(standIns, "bud")] : buildCommand[findBuilder()];
  for (const target of targets) {
    report(`Building ${imageName(target)} …`);
    run(
      [
        ...builder,
        `--target=${target}`,
        `--build-arg=VERSION=${version}`,
        `--build-arg=REVISION=${revision}`,
        ...tags.flatMap((tag) => ["-t", imageName(target, tag)]),
        ".",
      ],
      { timeoutMs: TIMEOUT_MS },
    );
  }
}
