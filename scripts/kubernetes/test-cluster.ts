import { existsSync } from "node:fs";
import { join } from "node:path";
import { homedir } from "node:os";
import { messageOf } from "@pricefleet/contracts";
import { loadImages } from "./load-images.ts";
import { CommandFailedError, clusterFolder, findTool, run } from "./tools.ts";

/** Contexts made by tools that make clusters for tests. */
const testContexts = /^(pricefleet-test|kind-.+|k3d-.+)$/;

/** There is no cluster to test on, and none can be had here. */
export class NoClusterError extends Error {
  override readonly name = "NoClusterError";
}

/** The current context is not one to try things on. */
export class NotATestClusterError extends Error {
  override readonly name = "NotATestClusterError";
}

export interface TestCluster {
  context: string;
  /**
   * For kubectl and helm; empty where they find it themselves. CLUSTER_PROGRAM, where there is one, starts the cluster's
   * own parts.
   */
  environment: Record<string, string>;
  /** Where a NodePort is reached from this machine. */
  nodePortUrl(nodePort: number): string;
  /** Brings images of this machine into the cluster. */
  load(images: readonly string[]): void;
  /** Ends the cluster if this call started it. */
  stop(): void;
}

/**
 * The cluster of the current kube context; where there is no context, one is started if the repository has one beside it.
 * @throws NotATestClusterError for a context that is no test cluster by its name and is not named by ALLOW_CONTEXT
 * @throws NoClusterError
 */
export function acquireTestCluster(report: (line: string) => void): TestCluster {
  const context = currentContext();
  if (context !== null && context !== "pricefleet-test") return givenCluster(context);
  if (existsSync(join(clusterFolder, "cluster")) && process.getuid?.() === 0) return ownCluster(report);
  if (context !== null) return givenCluster(context);
  throw new NoClusterError("there is no kube context, and no cluster can be started here");
}

/** @throws NotATestClusterError */
export function requireTestContext(context: string, allowed: string | undefined): void {
  if (testContexts.test(context) || context === allowed) return;
  throw new NotATestClusterError(
    `The kube context is "${context}", which is not a test cluster by its name. The tests remove what they find in ` +
      `their namespaces; if you mean it: ALLOW_CONTEXT=${context} make test-k8s`,
  );
}

function currentContext(): string | null {
  const kubectl = findTool("kubectl");
  if (kubectl === null) return null;
  try {
    return run([...kubectl, "config", "current-context"]).trim() || null;
  } catch (error) {
    // kubectl's way to say that there is none.
    if (error instanceof CommandFailedError) return null;
    throw error;
  }
}

function givenCluster(context: string): TestCluster {
  requireTestContext(context, process.env["ALLOW_CONTEXT"]);
  const host = process.env["NODE_ADDRESS"] ?? "127.0.0.1";
  return {
    context,
    environment: {},
    nodePortUrl: (nodePort) => `http://${host}:${nodePort}`,
    // Where that is not for us, a missing image is named by the first pod.
    load: (images) => void loadImages(context, images),
    stop() {},
  };
}

function ownCluster(report: (line: string) => void): TestCluster {
  const program = join(clusterFolder, "cluster");
  const wasUp = isUp(program);
  report(wasUp ? "Using the test cluster that is up" : "Starting a test cluster …");
  try {
    bringUp(program, wasUp);
  } catch (error) {
    if (!wasUp) run([program, "down"], { timeoutMs: 120_000 });
    throw new NoClusterError(`a test cluster could not be started: ${messageOf(error)}`, { cause: error });
  }
  const kubeconfig = process.env["PRICEFLEET_KUBECONFIG"] ?? join(homedir(), ".kube/pricefleet-test");
  return {
    context: "pricefleet-test",
    environment: { KUBECONFIG: kubeconfig, CLUSTER_PROGRAM: program },
    nodePortUrl: (nodePort) => `http://127.0.0.1:${run([program, "port", String(nodePort)]).trim()}`,
    load: (images) => void loadImages("pricefleet-test", images),
    stop() {
      if (!wasUp) run([program, "down"], { timeoutMs: 120_000 });
    },
  };
}

/** One that does not come up, half left over from an earlier use perhaps, is made anew once. */
function bringUp(program: string, wasUp: boolean): void {
  const up = () =>
    run([program, "up", "--with-netpol", "--with-metrics", "--with-keda"], { timeoutMs: 300_000 });
  try {
    up();
  } catch (error) {
    if (wasUp) throw error;
    run([program, "down"], { timeoutMs: 120_000 });
    up();
  }
}

function isUp(program: string): boolean {
  try {
    run([program, "status"]);
    return true;
  } catch (error) {
    if (error instanceof CommandFailedError) return false;
    throw error;
  }
}
