import { forwardPort, type Way } from "./port-forward.ts";
import type { Namespace } from "./namespace.ts";

const PROBE_MS = 1_000;

interface Service {
  spec: { type: string; ports: { nodePort?: number }[] };
}

interface Node {
  status: { addresses: { type: string; address: string }[] };
}

/**
 * A way to the API: its NodePort where a node's address is reached from here, else a port-forward. Never localhost's
 * NodePort: what listens there may be another program, and the control token is not for it.
 */
export async function reachApi(namespace: Namespace): Promise<Way> {
  const service = JSON.parse(namespace.kubectl("get", "service", "api-service", "--output=json")) as Service;
  const nodePort = service.spec.ports[0]?.nodePort;
  if (nodePort !== undefined) {
    const nodes = namespace.list<Node>("nodes");
    const addresses = nodes.flatMap(({ status }) =>
      status.addresses.filter(({ type }) => type === "InternalIP").map(({ address }) => address),
    );
    const urls = addresses.map(
      (address) => `http://${address.includes(":") ? `[${address}]` : address}:${nodePort}`,
    );
    const open = await Promise.all(urls.slice(0, 3).map(async (url) => ((await answers(url)) ? url : null)));
    const url = open.find((candidate) => candidate !== null);
    if (url !== undefined && url !== null)
      return { url: () => Promise.resolve(url), close: () => Promise.resolve() };
  }
  return forwardPort(namespace, "api-service", 80);
}

/** The control token out of the generated Secret. */
export function controlToken(namespace: Namespace): string {
  const encoded = namespace.kubectl("get", "secret", "api-control", "--output=jsonpath={.data.token}");
  return Buffer.from(encoded, "base64").toString("utf8");
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/health/live`, { signal: AbortSignal.timeout(PROBE_MS) })).ok;
  } catch {
    // Not to be reached from here.
    return false;
  }
}
