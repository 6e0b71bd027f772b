import { setTimeout as delay } from "node:timers/promises";
import type { CoreV1Event, V1Pod } from "@kubernetes/client-node";
import { parseEnvironment, httpUrl } from "@pricefleet/contracts";
import { explainPod } from "@pricefleet/kubernetes";
import { z } from "zod";
import { runTool } from "../../scripts/kubernetes/tools.ts";

const { KUBE_CONTEXT, API_URL, MANAGEMENT_URL, CLUSTER_PROGRAM } = parseEnvironment(
  z.object({
    KUBE_CONTEXT: z.string({ error: "what make test-k8s sets" }),
    API_URL: httpUrl,
    MANAGEMENT_URL: httpUrl,
    CLUSTER_PROGRAM: z.string().optional(),
  }),
);
export const apiUrl = API_URL;
export const managementUrl = MANAGEMENT_URL;
/** What starts the cluster's own parts; null for a cluster that is not ours. */
export const clusterProgram = CLUSTER_PROGRAM ?? null;
const REQUEST_TIMEOUT_MS = 10_000;

/** kubectl on the test cluster; gives its stdout. @throws CommandFailedError with what it said. */
export function kubectl(...args: string[]): string {
  return runTool("kubectl", [`--context=${KUBE_CONTEXT}`, ...args], { timeoutMs: 240_000 });
}

/** kubectl with something on its stdin, which `--filename=-` reads. */
export function kubectlWith(input: string, ...args: string[]): string {
  return runTool("kubectl", [`--context=${KUBE_CONTEXT}`, ...args], { input, timeoutMs: 240_000 });
}

export function helm(...args: string[]): string {
  return runTool("helm", [`--kube-context=${KUBE_CONTEXT}`, ...args], { timeoutMs: 240_000 });
}

/** A value of a Secret that the cluster made. */
export function secretValue(namespace: string, name: string, key: string): string {
  const value = kubectl(
    "-n",
    namespace,
    "get",
    "secret",
    name,
    `-o=jsonpath={.data['${key.replaceAll(".", "\\.")}']}`,
  );
  return Buffer.from(value, "base64").toString("utf8");
}

/** Rows of the book, as the superuser inside PostgreSQL's pod sees them. The query gives one JSON value. */
export function askBook(namespace: string, query: string): unknown {
  const out = kubectl(
    "-n",
    namespace,
    "exec",
    "postgres-0",
    "--",
    "psql",
    "-U",
    "postgres",
    "-d",
    "pricefleet",
    "-tA",
    "-c",
    `SET search_path = price_tracker`,
    "-c",
    query,
  );
  return JSON.parse(out.trim().split("\n").at(-1) ?? "");
}

export interface Run {
  id: string;
  state: string;
  found: number;
  running: number;
  done: number;
  failed: number;
  dead: number;
}

export async function request(path: string, init: RequestInit = {}): Promise<Response> {
  // A connection of its own: while kubectl runs, this process does not notice that the API has closed an idle one.
  const headers = { ...(init.headers as Record<string, string> | undefined), connection: "close" };
  return fetch(`${apiUrl}${path}`, { ...init, headers, signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) });
}

/** Starts a run of a new search at the sample marketplace, as a person does it from outside the cluster. */
export async function startRun(namespace: string, term: string, enrichLimit = 0): Promise<string> {
  const response = await request("/runs", {
    method: "POST",
    headers: {
      authorization: `Bearer ${secretValue(namespace, "api-control", "token")}`,
      "content-type": "application/json",
    },
    body: JSON.stringify({ source: "sample", term, enrich_limit: enrichLimit }),
  });
  if (response.status !== 202) throw new Error(`POST /runs: ${response.status} ${await response.text()}`);
  return ((await response.json()) as Run).id;
}

/** The run when `isReached` says so of it. The API may be away meanwhile. */
export async function untilRun(
  id: string,
  what: string,
  timeoutMs: number,
  isReached: (run: Run) => boolean,
): Promise<Run> {
  return until(`run ${id} ${what}`, timeoutMs, async () => {
    const response = await request(`/runs/${id}`);
    const run = (await response.json()) as Run;
    return response.ok && isReached(run) ? run : null;
  });
}

/** Asks twice a second until the answer is not null; an error counts as no answer yet. */
export async function until<T>(
  what: string,
  timeoutMs: number,
  look: () => T | null | Promise<T | null>,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  let last: unknown = null;
  do {
    try {
      const seen = await look();
      if (seen !== null) return seen;
      last = null;
    } catch (error) {
      last = error;
    }
    await delay(500);
  } while (Date.now() < deadline);
  throw new Error(`waited ${timeoutMs / 1_000} s in vain for ${what}`, { cause: last });
}

/** Gives a folder or file of the repository to kubectl apply; in the namespace that its objects name. */
export function apply(path: string, namespace?: string): string {
  const place = namespace === undefined ? [] : [`--namespace=${namespace}`];
  return kubectl(...place, "apply", `--filename=${path}`);
}

/** Makes an object. */
export function create(namespace: string, object: object): void {
  runTool("kubectl", [`--context=${KUBE_CONTEXT}`, "-n", namespace, "create", "--filename=-"], {
    input: JSON.stringify(object),
  });
}

/** @throws Error with what each pod waits for, when one of them does not come up in time. */
export function waitForRollouts(namespace: string, ...names: string[]): void {
  try {
    for (const name of names) kubectl("-n", namespace, "rollout", "status", name, "--timeout=200s");
  } catch (error) {
    const pods = whyPodsWait(namespace).map(([pod, why]) => `${pod}: ${why}`);
    throw new Error([`${namespace} does not come up:`, ...pods].join("\n"), { cause: error });
  }
}

/** The pods that are not as they should be, each with why, in words. */
export function whyPodsWait(namespace: string): [pod: string, why: string][] {
  const pods = JSON.parse(kubectl("-n", namespace, "get", "pods", "-o=json")) as { items: V1Pod[] };
  const events = JSON.parse(kubectl("-n", namespace, "get", "events", "-o=json")) as { items: CoreV1Event[] };
  return pods.items
    .map((pod) => explainPod(pod, events.items))
    .flatMap(({ name, message }) => (message === null ? [] : [[name, message]]));
}
