export { logFailure } from "./log-failure.ts";
export { logFields, type LogFields, withLogFields, withoutLogFields } from "./log-fields.ts";
export { createLogger, createServiceLogger, type Logger, processName } from "./logger.ts";
