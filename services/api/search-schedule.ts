import {
  type Cadence,
  DEFAULT_JITTER_PERCENT,
  DEFAULT_TIME_ZONE,
  isTimeZone,
  nextTime,
  whatIsWrongWithCron,
} from "@pricefleet/contracts";
import type { ScheduleChange } from "@pricefleet/database";
import { z } from "zod";
import { numberInBody, text } from "./fields.ts";

/** When a search runs by itself, as POST and PATCH /searches take it. */

export const cronError = "five cron fields such as 0 6 * * 1-5";
const intervalSeconds = numberInBody(60, 31_536_000);

export const timeZone = z
  .string({ error: "a time zone such as Europe/Berlin" })
  .refine(isTimeZone, { error: "a time zone such as Europe/Berlin" });

const cadenceInBody = z
  .strictObject(
    {
      cron: text(200).optional().describe("Minute, hour, day of the month, month, day of the week"),
      time_zone: timeZone.optional().describe("IANA name; with cron, by default UTC"),
      interval_seconds: intervalSeconds.optional().describe("Or: so long after the last start"),
      jitter_percent: numberInBody(0, 50)
        .optional()
        .describe("With interval_seconds: each wait is up to so much longer or shorter, by default 10"),
    },
    { error: "an object of cron and time_zone, or of interval_seconds and jitter_percent; or null" },
  )
  .superRefine((given, context) => {
    const complain = (field: keyof typeof given, message: string) =>
      context.addIssue({ code: "custom", path: [field], message });
    const { cron } = given;
    if ((cron === undefined) === (given.interval_seconds === undefined))
      return complain("cron", `${cronError}, or left out with interval_seconds in its place`);
    if (cron === undefined) {
      if (given.time_zone !== undefined) complain("time_zone", "left out without cron");
      return;
    }
    if (given.jitter_percent !== undefined) complain("jitter_percent", "left out with cron");
    const wrong = whatIsWrongWithCron(cron);
    if (wrong !== null) complain("cron", `${cronError}: ${wrong}`);
  });

export const schedule = {
  enabled: z.boolean({ error: "true or false" }).optional().describe("false: does not run by itself"),
  cadence: cadenceInBody.nullable().optional().describe("null: runs only when asked for"),
  interval_seconds: intervalSeconds
    .optional()
    .describe("Short for a cadence of this interval with a jitter of 10 percent"),
  paused_run_blocks_hours: numberInBody(0, 8_760)
    .nullable()
    .optional()
    .describe(
      "A run paused longer than this is reset when the next is due; null: as the dispatcher is set (24)",
    ),
};

export const oneCadence = {
  rule: (body: { cadence?: unknown; interval_seconds?: unknown }) =>
    body.cadence === undefined || body.interval_seconds === undefined,
  otherwise: { error: "left out when cadence is given", path: ["interval_seconds"] },
};

const scheduleShape = z.object(schedule);
type ScheduleInBody = z.output<typeof scheduleShape>;

/**
 * What is to be written down. An interval begins at once, a cron expression at its next time; and a search that is
 * switched on again does not make up for what it missed while it was off.
 */
export function scheduleChange(body: ScheduleInBody, present: Cadence | null, now: Date): ScheduleChange {
  const given = cadenceOf(body);
  const change: ScheduleChange = {};
  if (body.paused_run_blocks_hours !== undefined)
    change.paused_run_blocks_hours = body.paused_run_blocks_hours;
  if (given !== undefined) {
    change.cron = given !== null && "cron" in given ? given.cron : null;
    change.time_zone = given !== null && "cron" in given ? given.time_zone : null;
    change.interval_seconds = given !== null && "interval_seconds" in given ? given.interval_seconds : null;
    if (given !== null && "jitter_percent" in given) change.jitter_percent = given.jitter_percent;
  }
  const cadence = given === undefined ? present : given;
  if (cadence === null) change.next_run_at = null;
  else if (given !== undefined || body.enabled === true)
    change.next_run_at = "cron" in cadence ? nextTime(cadence, now, 0.5) : now;
  return change;
}

/** Undefined: none is given. */
function cadenceOf(body: ScheduleInBody): Cadence | null | undefined {
  if (body.interval_seconds !== undefined)
    return { interval_seconds: body.interval_seconds, jitter_percent: DEFAULT_JITTER_PERCENT };
  if (body.cadence === undefined || body.cadence === null) return body.cadence;
  const { cron, time_zone, interval_seconds, jitter_percent } = body.cadence;
  if (cron !== undefined) return { cron, time_zone: time_zone ?? DEFAULT_TIME_ZONE };
  if (interval_seconds === undefined) return null;
  return { interval_seconds, jitter_percent: jitter_percent ?? DEFAULT_JITTER_PERCENT };
}
