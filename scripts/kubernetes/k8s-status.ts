// make k8s-status: one screen: pods by component, queues, runs, the last errors.
import { ExitCode, messageOf } from "@pricefleet/contracts";
import { apiClient, type RunStatus } from "../api-client.ts";
import { runCommand } from "../command.ts";
import { componentStates } from "./component-states.ts";
import { type Namespace, requireNamespace } from "./namespace.ts";
import { queueDepths } from "./queue-depths.ts";
import { reachApi } from "./reach-api.ts";
import { describeComponents, describeErrors, describeQueues, describeRuns } from "./status-screen.ts";
import { takeInventory } from "./take-inventory.ts";

const RUNS = 5;

await runCommand(async () => {
  const namespace = requireNamespace();
  console.log(`Pricefleet in namespace ${namespace.name} of ${namespace.context}`);
  const states = componentStates(takeInventory(namespace));
  print("PODS", describeComponents(states));
  const [queues, runs] = await Promise.allSettled([queueDepths(namespace), latestRuns(namespace)]);
  print("QUEUES", queues.status === "fulfilled" ? describeQueues(queues.value) : [messageOf(queues.reason)]);
  print("RUNS", runs.status === "fulfilled" ? describeRuns(runs.value) : [messageOf(runs.reason)]);
  if (runs.status === "fulfilled") print("LAST ERRORS", describeErrors(runs.value));
  return ExitCode.ok;
});

async function latestRuns(namespace: Namespace): Promise<RunStatus[]> {
  const way = await reachApi(namespace);
  try {
    return await apiClient(await way.url()).runs(RUNS);
  } finally {
    await way.close();
  }
}

function print(title: string, lines: readonly string[]): void {
  console.log(`\n${title}`);
  for (const line of lines)
    console.log(`  ${line.slice(0, (process.stdout.columns || Number.POSITIVE_INFINITY) - 2)}`);
}
