import type { FaultPlan } from "@pricefleet/sample-marketplace";
import { askBook, kubectl, kubectlWith } from "./cluster.ts";

/** Names of a component's pods that are Ready and not on their way out. */
export function readyPods(namespace: string, component: string): string[] {
  const { items } = JSON.parse(
    kubectl("-n", namespace, "get", "pods", `--selector=app.kubernetes.io/name=${component}`, "-o=json"),
  ) as {
    items: {
      metadata: { name: string; deletionTimestamp?: string };
      status: { conditions?: { type: string; status: string }[] };
    }[];
  };
  return items
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .filter(({ status }) =>
      status.conditions?.some(({ type, status: is }) => type === "Ready" && is === "True"),
    )
    .map(({ metadata }) => metadata.name);
}

/** How often the targets of a run were finished: each finish writes one snapshot row in its transaction. */
export function finishesOf(namespace: string, runId: string): { targets: number; finishes: number } {
  const answer = askBook(
    namespace,
    `SELECT json_build_object('targets', count(DISTINCT t.id), 'finishes', count(s.id))
       FROM targets t LEFT JOIN snapshots s ON s.target_id = t.id WHERE t.run_id = ${runId} AND t.state = 'done'`,
  );
  return answer as { targets: number; finishes: number };
}

/** How many targets of a run took more than one attempt: somebody was ended with them in hand, or failed. */
export function attemptedAgain(namespace: string, runId: string): unknown {
  return askBook(namespace, `SELECT count(*) FROM targets WHERE run_id = ${runId} AND attempts > 1`);
}

/** May a component's ServiceAccount do this? */
export function may(
  namespace: string,
  component: string,
  verb: string,
  group: string,
  resource: string,
): boolean {
  const review = {
    apiVersion: "authorization.k8s.io/v1",
    kind: "SubjectAccessReview",
    spec: {
      user: `system:serviceaccount:${namespace}:${component}`,
      resourceAttributes: { namespace, verb, group, resource },
    },
  };
  const answer = kubectlWith(
    JSON.stringify(review),
    "create",
    "--filename=-",
    "-o=jsonpath={.status.allowed}",
  );
  return answer === "true";
}

/** From now on every listing page of the sample marketplace takes this long. */
export function setPageDelay(slowMs: number): void {
  setFaults(...(slowMs === 0 ? [] : [{ fault: "slow" as const, slowMs }]));
}

/** From now on the sample marketplace has these faults, and no others. */
export function setFaults(...rules: FaultPlan["rules"]): void {
  const plan: FaultPlan = { rules };
  const tell = `fetch("http://127.0.0.1:8080/-/faults", { method: "POST", body: process.argv[1] })
    .then((answer) => process.exit(answer.ok ? 0 : 1))`;
  kubectl("-n", "sample-marketplace", "exec", "marketplace", "--", "node", "-e", tell, JSON.stringify(plan));
}

/** Who had or has a target in hand, and what became of it. */
export interface Hand {
  target: string;
  pod: string;
  state: string;
}

/** The targets of a run that are in somebody's hand. */
export function handsOf(namespace: string, runId: string): Hand[] {
  return askHands(namespace, `run_id = ${runId} AND state = 'running'`);
}

export function handOf(namespace: string, target: string): Hand | undefined {
  return askHands(namespace, `id = ${target}`)[0];
}

function askHands(namespace: string, condition: string): Hand[] {
  const answer = askBook(
    namespace,
    `SELECT json_agg(json_build_object('target', id::text, 'pod', split_part(worker, '/', 1), 'state', state))
       FROM targets WHERE ${condition}`,
  );
  return (answer ?? []) as Hand[];
}

/** Which images a component's pods run that are not on their way out. */
export function imagesOf(namespace: string, component: string): string[] {
  const { items } = JSON.parse(
    kubectl("-n", namespace, "get", "pods", `--selector=app.kubernetes.io/name=${component}`, "-o=json"),
  ) as { items: { metadata: { deletionTimestamp?: string }; spec: { containers: { image: string }[] } }[] };
  const staying = items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  return [...new Set(staying.flatMap(({ spec }) => spec.containers.map(({ image }) => image)))];
}

/** Asks for a pod's place, as `kubectl drain` does. @throws CommandFailedError when a disruption budget forbids it. */
export function evict(namespace: string, pod: string): string {
  const eviction = { apiVersion: "policy/v1", kind: "Eviction", metadata: { namespace, name: pod } };
  const path = `/api/v1/namespaces/${namespace}/pods/${pod}/eviction`;
  return kubectlWith(JSON.stringify(eviction), "create", `--raw=${path}`, "--filename=-");
}

/** The address that pods reach a service by. */
export function clusterAddress(namespace: string, service: string): string {
  return kubectl("-n", namespace, "get", "service", service, "-o=jsonpath={.spec.clusterIP}");
}

/** Can the pod open a connection there? It gives up after three seconds. */
export function canReach(namespace: string, pod: string, host: string, port: number): boolean {
  const knock = `const [, host, port] = process.argv;
    const socket = require("node:net").connect({ host, port, timeout: 3000 });
    const say = (word) => { console.log(word); process.exit(); };
    socket.on("connect", () => say("reached")).on("timeout", () => say("refused")).on("error", () => say("refused"));`;
  const said = kubectl("-n", namespace, "exec", pod, "--", "node", "-e", knock, host, String(port)).trim();
  return said === "reached";
}
