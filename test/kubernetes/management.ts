import { managementUrl, secretValue } from "./cluster.ts";

const REQUEST_TIMEOUT_MS = 10_000;

/** What one user of RabbitMQ's management UI does there: the UI is made of these calls, too. */
export interface ManagementUser {
  /** The answer to a call below /api; with a body, it is sent as JSON. */
  call(method: string, path: string, body?: unknown): Promise<Response>;
  /** How many messages a queue has; null for one that is not there. */
  messagesIn(queue: string): Promise<number | null>;
}

export function managementUser(namespace: string, name: string): ManagementUser {
  const password = secretValue(namespace, "rabbitmq-credentials", `${name}-password`);
  const authorization = `Basic ${Buffer.from(`${name}:${password}`).toString("base64")}`;

  const call = (method: string, path: string, body?: unknown): Promise<Response> =>
    fetch(`${managementUrl}/api${path}`, {
      method,
      // A connection of its own: while kubectl runs, this process does not notice that an idle one was closed.
      headers: { authorization, "content-type": "application/json", connection: "close" },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    });

  return {
    call,
    async messagesIn(queue) {
      const response = await call("GET", `/queues/%2F/${queue}`);
      if (response.status === 404) return null;
      if (!response.ok) throw new Error(`${queue}: ${response.status} ${await response.text()}`);
      return ((await response.json()) as { messages: number }).messages;
    },
  };
}

/** What the UI's "Move messages" sends: a shovel that goes away when it has moved what was there. */
export function moveMessages(from: string, to: string): { value: Record<string, string | number> } {
  return {
    value: {
      "src-protocol": "amqp091",
      "src-uri": "amqp:///%2F",
      "src-queue": from,
      "src-prefetch-count": 1_000,
      "src-delete-after": "queue-length",
      "dest-protocol": "amqp091",
      "dest-uri": "amqp:///%2F",
      "dest-queue": to,
      "ack-mode": "on-confirm",
    },
  };
}
