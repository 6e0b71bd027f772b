export { type Belt, type BeltOptions, connectBelt } from "./belt.ts";
export type { Consumer, ConsumeOptions } from "./consumer.ts";
export type { DeathCertificate, OutgoingTarget, PublishableTarget } from "./messages.ts";
export type { Outcome } from "./publisher.ts";
export { publishDueTargets, type PublishingBook } from "./publish-due-targets.ts";
export type { DeadLetterJudge, PoisonLetter, SweepResult } from "./sweep-dead-letters.ts";
export { type QueueDepth, rungFor } from "./topology.ts";
export { QueueUnavailableError } from "./queue-unavailable-error.ts";
export type { Delivery } from "./work-on-message.ts";
