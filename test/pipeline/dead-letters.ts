import type { TestVhost } from "../harness/index.ts";

export interface DeadLetter {
  payload: string;
  /** The payload, where it is JSON. */
  body: unknown;
  properties: Record<string, unknown>;
  headers: Record<string, unknown>;
}

/** What lies in listing_enrichment_dlq, as the management UI shows it to a person. */
export async function deadLettersOf(vhost: TestVhost): Promise<DeadLetter[]> {
  const messages = (await vhost.manage("POST", `/queues/${vhost.name}/listing_enrichment_dlq/get`, {
    count: 100,
    ackmode: "ack_requeue_true",
    encoding: "auto",
  })) as { payload: string; properties: { headers?: Record<string, unknown> } }[];
  return messages.map(({ payload, properties: { headers = {}, ...properties } }) => ({
    payload,
    body: jsonIn(payload),
    properties,
    headers,
  }));
}

/** Puts a message into listing_enrichment, as a person does in the management UI. */
export async function publishByHand(
  vhost: TestVhost,
  properties: Record<string, unknown>,
  payload: string,
): Promise<void> {
  const answer = await vhost.manage("POST", `/exchanges/${vhost.name}/amq.default/publish`, {
    properties,
    routing_key: "listing_enrichment",
    payload,
    payload_encoding: "string",
  });
  if (!(answer as { routed: boolean }).routed) throw new Error("there is no queue listing_enrichment");
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not every dead letter is JSON: that is why some are there.
    return null;
  }
}
