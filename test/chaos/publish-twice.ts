// Loaded into services before their own code: the broker gets every message twice.
import { createRequire } from "node:module";
import type { ConfirmChannel as Channel, Options } from "amqplib";

const require = createRequire(import.meta.resolve("@pricefleet/queue"));
const { ConfirmChannel } = require("amqplib/lib/channel_model.js") as {
  ConfirmChannel: { prototype: Channel };
};
const { publish } = ConfirmChannel.prototype;

type Confirmed = Parameters<Channel["publish"]>[4];

ConfirmChannel.prototype.publish = function publishTwice(
  this: Channel,
  exchange: string,
  routingKey: string,
  content: Buffer,
  options?: Options.Publish,
  confirmed?: Confirmed,
): boolean {
  publish.call(this, exchange, routingKey, content, options);
  return publish.call(this, exchange, routingKey, content, options, confirmed);
};
