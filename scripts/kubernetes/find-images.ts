import { type ImageTarget, version } from "./build-images.ts";
import type { ImagePlace } from "./overlay.ts";

/** MicroK8s's add-on "registry". */
export const microk8sRegistry = "localhost:32000";
const PROBE_MS = 2_000;
/** What a deployment runs. */
export const deployed: readonly ImageTarget[] = ["service", "browser"];
const manifestTypes = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
].join(", ");

/** Where this version's images are when MicroK8s's registry has them all; else nothing, and the nodes have them. */
export async function findImages(registry = microk8sRegistry): Promise<ImagePlace[]> {
  const places = await Promise.all(
    deployed.map(async (target): Promise<ImagePlace | null> => {
      const name = `pricefleet/${target}`;
      const digest = await digestOf(`http://${registry}/v2/${name}/manifests/${version}`);
      return digest === null ? null : { name, newName: `${registry}/${name}`, digest };
    }),
  );
  return places.every((place) => place !== null) ? places : [];
}

/** Does a registry answer there? */
export async function isRegistry(registry = microk8sRegistry): Promise<boolean> {
  return (await ask(`http://${registry}/v2/`, "GET"))?.ok === true;
}

async function digestOf(url: string): Promise<string | null> {
  const answer = await ask(url, "HEAD");
  return answer?.ok === true ? answer.headers.get("docker-content-digest") : null;
}

async function ask(url: string, method: string): Promise<Response | null> {
  try {
    return await fetch(url, {
      method,
      headers: { accept: manifestTypes },
      signal: AbortSignal.timeout(PROBE_MS),
    });
  } catch {
    // Nothing listens there: the add-on is off.
    return null;
  }
}
