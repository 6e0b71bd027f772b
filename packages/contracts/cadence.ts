import { Cron } from "croner";

/** When a search runs by itself. */
export type Cadence =
  | {
      /** Five fields: minute, hour, day of the month, month, day of the week. */
      cron: string;
      /** IANA, such as Europe/Berlin: the fields are that place's wall clock, also when its clocks change. */
      time_zone: string;
    }
  | {
      interval_seconds: number;
      /** Each wait is longer or shorter by at most this share, so that searches do not keep step with each other. */
      jitter_percent: number;
    };

export const DEFAULT_JITTER_PERCENT = 10;
export const DEFAULT_TIME_ZONE = "UTC";

/**
 * The next time after `after`. What was missed before it is gone: whoever asks late gets one time, not several.
 * A wall clock time that a change of clocks leaves out comes an hour later; one that comes twice is taken once.
 * @param chance from 0 to 1, for the jitter.
 * @throws RangeError for an expression that whatIsWrongWithCron has words for.
 */
export function nextTime(cadence: Cadence, after: Date, chance: number): Date {
  if ("interval_seconds" in cadence) {
    const { interval_seconds: seconds, jitter_percent: percent } = cadence;
    const factor = 1 + (percent / 100) * (2 * chance - 1);
    return new Date(after.getTime() + Math.round(seconds * 1_000 * factor));
  }
  const next = new Cron(cadence.cron, { timezone: cadence.time_zone, mode: "5-part", paused: true }).nextRun(
    after,
  );
  if (next === null) throw new RangeError(`"${cadence.cron}" never comes`);
  return next;
}

/** Null: nothing is. */
export function whatIsWrongWithCron(cron: string): string | null {
  const fields = cron.trim().split(/\s+/).length;
  if (fields !== 5 && !/^@\w+$/.test(cron))
    return `it has ${fields} field${fields === 1 ? "" : "s"}, not five`;
  try {
    nextTime({ cron, time_zone: "UTC" }, new Date(), 0);
    return null;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return error.message.replace(/^CronPattern: /, "");
  }
}

/** A place of the IANA list; an offset such as +01:00 is none, for it knows no summer time. */
export function isTimeZone(name: string): boolean {
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone !== "";
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}
