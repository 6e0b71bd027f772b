export { createLogger, createServiceLogger, type Logger } from "./logger.ts";
