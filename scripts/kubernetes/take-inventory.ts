import type { CoreV1Event, V1Pod } from "@kubernetes/client-node";
import type { Inventory } from "./component-states.ts";
import type { Namespace } from "./namespace.ts";

/** What belongs to Pricefleet in its namespace. The servers' pods carry only the labels that select them. */
export const OWN = "--selector=app.kubernetes.io/instance=pricefleet";

export function takeInventory(namespace: Namespace): Inventory {
  return {
    pods: namespace.list<V1Pod>("pods", OWN),
    workloads: namespace.list<Inventory["workloads"][number]>("deployments,statefulsets,jobs", OWN),
    events: namespace.list<CoreV1Event>(
      "events",
      "--field-selector=type=Warning",
      "--sort-by=.lastTimestamp",
    ),
  };
}
