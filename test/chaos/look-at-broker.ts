import { connect } from "amqplib";
import type { RabbitmqServer } from "../../scripts/servers/index.ts";

/** How many messages each queue holds, those in a consumer's hands too. */
export async function messagesByQueue(server: RabbitmqServer): Promise<Record<string, number>> {
  const { managementUrl, userName, password } = server;
  const authorization = `Basic ${Buffer.from(`${userName}:${password}`).toString("base64")}`;
  const response = await fetch(`${managementUrl}/api/queues?columns=name,messages`, {
    headers: { authorization },
    signal: AbortSignal.timeout(10_000),
  });
  if (!response.ok) throw new Error(`RabbitMQ's management API: HTTP ${response.status}`);
  const queues = (await response.json()) as { name: string; messages?: number }[];
  if (queues.length === 0) throw new Error("RabbitMQ knows no queue");
  return Object.fromEntries(
    queues.map(({ name, messages }) => {
      if (messages === undefined) throw new Error(`RabbitMQ has not counted ${name} yet`);
      return [name, messages];
    }),
  );
}

/** Which targets lie in a DLQ, and how many other messages. They stay there. */
export async function deadLettersIn(
  url: string,
  queue: string,
): Promise<{ targetIds: string[]; poison: number }> {
  const connection = await connect(url);
  try {
    const channel = await connection.createChannel();
    const targetIds: string[] = [];
    let poison = 0;
    for (let letter = await channel.get(queue); letter !== false; letter = await channel.get(queue)) {
      if (letter.properties.type === undefined) poison++;
      else targetIds.push((JSON.parse(letter.content.toString()) as { target_id: string }).target_id);
    }
    return { targetIds, poison };
  } finally {
    // What was got and not acknowledged goes back.
    await connection.close();
  }
}
