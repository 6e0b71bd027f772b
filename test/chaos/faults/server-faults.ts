import { setTimeout as delay } from "node:timers/promises";
import type { Fault } from "../fault.ts";
import type { Stage } from "../stage.ts";

const SHARE = 0.1;
/** The issue's own figure: longer than any timer that would hide a break. */
const CUT_MS = 30_000;

const linesOf = ({ lines }: Stage) => [lines.postgres, lines.rabbitmq];

/** What happens to PostgreSQL, to RabbitMQ, and to the network in between. */
export const serverFaults: Fault[] = [
  {
    name: "rabbitmq-killed",
    async strike({ untilEnded, servers }) {
      await untilEnded(SHARE);
      await servers.rabbitmq.kill();
      await servers.rabbitmq.restart();
    },
  },
  {
    name: "rabbitmq-wiped",
    async strike({ untilEnded, servers }) {
      await untilEnded(SHARE);
      await servers.rabbitmq.wipe();
    },
  },
  {
    name: "postgres-killed",
    async strike({ untilEnded, servers }) {
      await untilEnded(SHARE);
      await servers.postgres.kill();
      await servers.postgres.restart();
    },
  },
  {
    name: "connections-cut",
    async strike(stage) {
      await stage.untilEnded(SHARE);
      await Promise.all(linesOf(stage).map((line) => line.cut()));
      await delay(CUT_MS);
      await Promise.all(linesOf(stage).map((line) => line.mend()));
    },
  },
  {
    name: "connections-half-open",
    async strike(stage) {
      await stage.untilEnded(SHARE);
      for (const line of linesOf(stage)) line.freeze();
    },
  },
];
