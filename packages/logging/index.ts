export { logFailure } from "./log-failure.ts";
export { createLogger, createServiceLogger, type Logger } from "./logger.ts";
