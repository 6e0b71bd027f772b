import { run } from "../../scripts/kubernetes/tools.ts";
import { kubectl, until } from "./cluster.ts";

const GONE_MS = 30_000;
const READY_MS = 60_000;

/**
 * Kills a part of the test cluster itself, as a crash does, and starts it again.
 *
 * Not by the cluster's own "restart": that asks an API server to stop, which waits for its watchers for longer than
 * "restart" waits for it, and is then taken for running while it is being killed: in two of four tries it stayed away.
 */
export async function crash(clusterProgram: string, part: "kubelet" | "kube-apiserver"): Promise<void> {
  const pid = pidOf(run([clusterProgram, "status"]), part);
  process.kill(pid, "SIGKILL");
  await until(`${part} to be gone`, GONE_MS, () => (isAlive(pid) ? null : true));
  run([clusterProgram, "up"]);
  await until("the API server", READY_MS, () => kubectl("get", "--raw=/readyz"));
}

/** @param status a line "NAME pid PID MEMORY" for each part that runs */
function pidOf(status: string, part: string): number {
  const line = status.split("\n").find((text) => text.startsWith(`${part} `));
  const pid = / pid (?<pid>\d+)/.exec(line ?? "")?.groups?.["pid"];
  if (pid === undefined) throw new Error(`${part} does not run: ${line ?? "the cluster does not name it"}`);
  return Number(pid);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
