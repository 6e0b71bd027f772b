// make k8s-build: builds the images and brings them into the cluster: MicroK8s's by its registry or by import.
import { ExitCode } from "@pricefleet/contracts";
import { runCommand } from "../command.ts";
import { buildImages, findBuilder, imageName, version } from "./build-images.ts";
import { deployed, isRegistry, microk8sRegistry } from "./find-images.ts";
import { archivePath, loadImages } from "./load-images.ts";
import { findNamespace } from "./namespace.ts";
import { findTool, run } from "./tools.ts";

const TIMEOUT_MS = 600_000;
const say = (line: string) => console.error(line);

await runCommand(async () => {
  const { context } = findNamespace();
  buildImages(deployed, [version], say);
  const images = deployed.map((target) => imageName(target));
  console.log(`${images.join(", ")}: ${await bringInto(context, images)}. Next: make k8s-up`);
  return ExitCode.ok;
});

/** @returns where they are now, in words. */
async function bringInto(context: string, images: readonly string[]): Promise<string> {
  say("Bringing the images into the cluster …");
  if (loadImages(context, images)) return `loaded into ${context}`;
  if (await isRegistry()) {
    for (const image of images) push(image, `${microk8sRegistry}/${image}`);
    return `pushed to ${microk8sRegistry}`;
  }
  const microk8s = findTool("microk8s");
  if (microk8s !== null) {
    for (const image of images) importInto(microk8s, image);
    return "imported into MicroK8s";
  }
  return `built, but "${context}" is neither MicroK8s nor a cluster for tests: push them to a registry of its own, and install by helm with image.registry`;
}

function push(image: string, place: string): void {
  const builder = findBuilder();
  if (builder === "docker") {
    run(["docker", "tag", image, place]);
    run(["docker", "push", place], { timeoutMs: TIMEOUT_MS });
    return;
  }
  // MicroK8s's registry speaks plain HTTP, which docker takes for granted on localhost.
  run([builder, "push", "--tls-verify=false", image, `docker://${place}`], { timeoutMs: TIMEOUT_MS });
}

function importInto(microk8s: readonly string[], image: string): void {
  const builder = findBuilder();
  const archive = archivePath();
  // As k8s/ means it: podman and buildah would name it localhost/….
  const fullName = `docker.io/${image}`;
  try {
    if (builder === "docker")
      run(["docker", "save", `--output=${archive}`, image], { timeoutMs: TIMEOUT_MS });
    else run([builder, "push", image, `docker-archive:${archive}:${fullName}`], { timeoutMs: TIMEOUT_MS });
    run([...microk8s, "ctr", "image", "import", archive], { timeoutMs: TIMEOUT_MS });
  } finally {
    run(["rm", "-f", archive]);
  }
}
