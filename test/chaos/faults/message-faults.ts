import { join } from "node:path";
import { connect } from "amqplib";
import type { Fault } from "../fault.ts";

const POISON_SHARE = 0.05;
const poisonFor = (targets: number) => Math.ceil(targets * POISON_SHARE);
const unreadable = ["", "not JSON", "{", "[]", "null", '{"target_id":"many"}', "\u0000\u0001"];
const doubling = join(import.meta.dirname, "../publish-twice.ts");

/** What happens to messages. */
export const messageFaults: Fault[] = [
  {
    name: "poison",
    poison: poisonFor,
    async strike({ untilEnded, servers, targets }) {
      await untilEnded(0.1);
      const connection = await connect(servers.rabbitmq.url);
      const channel = await connection.createConfirmChannel();
      const count = poisonFor(targets);
      for (let sent = 0; sent < count; sent++) {
        const body = unreadable[sent % unreadable.length] ?? "";
        channel.sendToQueue("listing_enrichment", Buffer.from(body), { persistent: true });
      }
      await channel.waitForConfirms();
      await connection.close();
    },
  },
  {
    name: "delivered-twice",
    arrange: () => ({ environment: { NODE_OPTIONS: `--import=${doubling}` } }),
    strike: ({ untilEnded }) => untilEnded(0.3),
  },
];
