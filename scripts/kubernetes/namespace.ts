import { spawnSync } from "node:child_process";
import { messageOf, parseEnvironment } from "@pricefleet/contracts";
import { z } from "zod";
import { CommandFailedError, findTool, run, ToolMissingError } from "./tools.ts";

/** How long the API server may take to say anything. */
const ANSWER_TIMEOUT = "10s";

/** No API server answers by the current context. */
export class ClusterAwayError extends Error {
  override readonly name = "ClusterAwayError";
}

/** Pricefleet is not there, or not under this name. */
export class NoNamespaceError extends Error {
  override readonly name = "NoNamespaceError";
}

/** One namespace of a cluster, by kubectl. */
export interface Namespace {
  name: string;
  context: string;
  /** kubectl as it is called, with the namespace. */
  command: string[];
  kubectl(...args: string[]): string;
  /** What `kubectl get … -o json` lists. */
  list<Item>(...args: string[]): Item[];
  exists(): boolean;
}

const namespaceEnvironment = z.object({
  NAMESPACE: z
    .string()
    .regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, { error: "a namespace's name such as pricefleet" })
    .default("pricefleet"),
});

/**
 * The namespace that NAMESPACE names, in the cluster of the current kube context; it need not be there yet.
 * @throws ToolMissingError without kubectl, ClusterAwayError, BadEnvironmentError
 */
export function findNamespace(): Namespace {
  const { NAMESPACE: name } = parseEnvironment(namespaceEnvironment);
  const { kubectl: program, context } = findKubectl();
  const command = [...program, `--namespace=${name}`];
  const kubectl = (...args: string[]) => run([...command, ...args], { timeoutMs: 300_000 });
  try {
    run([...program, "get", "--raw=/version", `--request-timeout=${ANSWER_TIMEOUT}`]);
  } catch (error) {
    throw new ClusterAwayError(
      `The cluster of the kube context "${context}" does not answer. Is it up (microk8s start)? Is it the right one ` +
        `(kubectl config use-context …)? ${lastLineOf(error)}`,
      { cause: error },
    );
  }
  return {
    name,
    context,
    command,
    kubectl,
    list: <Item>(...args: string[]) =>
      (JSON.parse(kubectl("get", ...args, "--output=json")) as { items: Item[] }).items,
    exists: () => kubectl("get", "namespace", name, "--ignore-not-found", "--output=name").trim() !== "",
  };
}

/** As findNamespace. @throws NoNamespaceError when it is not there. */
export function requireNamespace(): Namespace {
  const namespace = findNamespace();
  if (namespace.exists()) return namespace;
  throw new NoNamespaceError(
    `There is no namespace "${namespace.name}" in the cluster of "${namespace.context}". make k8s-up makes it; ` +
      "NAMESPACE=… names another one.",
  );
}

/** kubectl with a context to use, else MicroK8s's own, which always has one. */
function findKubectl(): { kubectl: string[]; context: string } {
  const candidates = [findTool("kubectl"), findTool("microk8s")?.concat("kubectl") ?? null].filter(
    (candidate) => candidate !== null,
  );
  for (const kubectl of candidates) {
    const [program = "", ...args] = kubectl;
    const { status, stdout } = spawnSync(program, [...args, "config", "current-context"], {
      encoding: "utf8",
      timeout: 20_000,
    });
    if (status === 0 && stdout.trim() !== "") return { kubectl, context: stdout.trim() };
  }
  if (candidates.length === 0) {
    throw new ToolMissingError(
      "Neither kubectl nor microk8s is in PATH. Install MicroK8s (sudo snap install microk8s --classic) or kubectl, and try again.",
    );
  }
  throw new ClusterAwayError(
    "kubectl knows no cluster: there is no current kube context. Set one (kubectl config use-context …, or KUBECONFIG), " +
      "or install MicroK8s, whose own is then used.",
  );
}

function lastLineOf(error: unknown): string {
  const text = error instanceof CommandFailedError ? error.message : messageOf(error);
  return text.trim().split("\n").at(-1) ?? "";
}
