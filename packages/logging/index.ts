export { reportUnexpected, traced } from "./error-reports.ts";
export { type LogFields, withLogFields, withoutLogFields } from "./log-fields.ts";
export { createLogger, createServiceLogger, type Logger, processName } from "./logger.ts";
export { runService } from "./run-service.ts";
