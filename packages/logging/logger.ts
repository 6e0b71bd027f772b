import winston from "winston";

export type Logger = winston.Logger;

interface LoggerOptions {
  service: string;
  level: string;
  format: "json" | "console";
  /** Where it runs: production, staging … On every JSON line, for logs of several places meet in one store. */
  environment?: string;
}

/** What every service reads from its environment for its logs. */
interface LoggingEnvironment {
  LOG_LEVEL: string;
  LOG_FORMAT: "json" | "console";
  SERVICE_NAME?: string | undefined;
  ENVIRONMENT: string;
}

/** The logger of a service. @param name what it calls itself, unless SERVICE_NAME says otherwise. */
export function createServiceLogger(env: LoggingEnvironment, name: string): Logger {
  return createLogger({
    service: env.SERVICE_NAME ?? name,
    level: env.LOG_LEVEL,
    format: env.LOG_FORMAT,
    environment: env.ENVIRONMENT,
  });
}

const consoleLine = winston.format.printf(({ timestamp, level, message, service, stack, ...fields }) => {
  const trace = typeof stack === "string" ? `\n${stack}` : "";
  const rest = Object.entries(fields)
    .map(([key, value]) => `${key}=${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join(" ");
  return `${String(timestamp)} ${level} [${String(service)}] ${String(message)} ${rest}${trace}`;
});

/**
 * One logger a process. `child({ run_id, target_id })` puts ids on every line of one piece of work.
 * Lines go to stderr, so that a program's own output (make collect, extract) stays clean on stdout.
 */
export function createLogger({ service, level, format, environment }: LoggerOptions): Logger {
  const { combine, timestamp, errors, json, colorize } = winston.format;
  return winston.createLogger({
    level,
    defaultMeta: { service, ...(format === "json" && environment !== undefined && { environment }) },
    format: combine(
      timestamp(),
      errors({ stack: true }),
      ...(format === "json" ? [json()] : [colorize(), consoleLine]),
    ),
    transports: [new winston.transports.Console({ stderrLevels: ["error", "warn", "info", "debug"] })],
  });
}
