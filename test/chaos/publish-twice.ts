// Loaded into services before their own code: the broker gets every message twice.
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { ConfirmChannel as Channel } from "amqplib";

type Publish = (this: Channel, ...given: Parameters<Channel["publish"]>) => boolean;

const require = createRequire(import.meta.url);
/** The library has no public way to it. */
const inside = join(dirname(require.resolve("amqplib")), "lib/channel_model.js");
const { ConfirmChannel } = require(inside) as { ConfirmChannel: { prototype: { publish: Publish } } };
const publish = ConfirmChannel.prototype.publish;

ConfirmChannel.prototype.publish = function publishTwice(...given) {
  const [exchange, routingKey, content, options] = given;
  publish.call(this, exchange, routingKey, content, options);
  return publish.apply(this, given);
};
