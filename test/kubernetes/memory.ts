import { kubectl } from "./cluster.ts";

interface Summary {
  pods: {
    podRef: { name: string; namespace: string };
    memory?: { time: string; workingSetBytes?: number };
  }[];
}

/**
 * What each pod of a component has in use, in MiB, as the kubelet counts it against its limit. Null while one of them has
 * not been looked at since the moment.
 */
export function memoryOf(namespace: string, component: string, since: Date): number[] | null {
  const names = kubectl(
    "-n",
    namespace,
    "get",
    "pods",
    `--selector=app.kubernetes.io/name=${component}`,
    "-o=jsonpath={.items[*].metadata.name}",
  ).split(" ");
  const nodes = kubectl("get", "nodes", "-o=jsonpath={.items[*].metadata.name}").split(" ");
  const seen = nodes
    .flatMap((node) => {
      const summary = kubectl("get", `--raw=/api/v1/nodes/${node}/proxy/stats/summary`);
      return (JSON.parse(summary) as Summary).pods;
    })
    .filter(({ podRef }) => podRef.namespace === namespace && names.includes(podRef.name))
    .filter(({ memory }) => new Date(memory?.time ?? 0) > since)
    .map(({ memory }) => Math.round((memory?.workingSetBytes ?? 0) / 2 ** 20));
  return seen.length === names.length ? seen.toSorted((a, b) => a - b) : null;
}
