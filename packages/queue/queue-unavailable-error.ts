import { ExitCode, TemporaryError } from "@pricefleet/contracts";

/** RabbitMQ cannot be reached, or does not confirm. */
export class QueueUnavailableError extends TemporaryError {
  readonly exitCode = ExitCode.queueUnavailable;
  constructor(message: string, cause?: unknown) {
    super("queue-unavailable", message, { cause });
  }
}
