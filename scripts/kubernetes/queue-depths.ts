import type { Namespace } from "./namespace.ts";
import { forwardPort } from "./port-forward.ts";

export interface QueueDepth {
  name: string;
  /** Messages that wait. */
  ready: number;
  /** Messages that a worker has in hand. */
  inHand: number;
}

const TIMEOUT_MS = 10_000;
const MANAGEMENT_PORT = 15_672;

/** All queues of RabbitMQ's management API, as its `operator` sees them. @throws Error when it cannot be asked. */
export async function queueDepths(namespace: Namespace): Promise<QueueDepth[]> {
  const password = namespace.kubectl(
    "get",
    "secret",
    "rabbitmq-credentials",
    "--output=jsonpath={.data.operator-password}",
  );
  const user = Buffer.from(`operator:${Buffer.from(password, "base64").toString("utf8")}`);
  const way = forwardPort(namespace, "rabbitmq-service", MANAGEMENT_PORT);
  try {
    const response = await fetch(`${await way.url()}/api/queues?disable_stats=false`, {
      headers: { authorization: `Basic ${user.toString("base64")}`, connection: "close" },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (!response.ok) throw new Error(`RabbitMQ's management API answers HTTP ${response.status}`);
    const queues = (await response.json()) as {
      name: string;
      messages_ready?: number;
      messages_unacknowledged?: number;
    }[];
    return queues.map(({ name, messages_ready: ready = 0, messages_unacknowledged: inHand = 0 }) => ({
      name,
      ready,
      inHand,
    }));
  } finally {
    await way.close();
  }
}
