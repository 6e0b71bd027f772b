/**
 * When a market is open, from words: `always`, `forex` (Sunday to Friday 17:00 New York time, as currencies and spot metals
 * are traded), or days with hours and a time zone, several split by `;`: `Mon-Fri 09:30-16:00 America/New_York`.
 * Holidays are not known: a market that is closed for one looks like one without trades.
 */
export interface TradingHours {
  isOpenAt(atMs: number): boolean;
  /** At any moment of a span, to the minute. */
  wasOpenBetween(fromMs: number, toMs: number): boolean;
}

const NEW_YORK = "America/New_York";
const WEEK_MINUTES = 7 * 24 * 60;
const dayNames = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const wording = /^(\w{3})(?:-(\w{3}))? (\d{2}):(\d{2})-(\d{2}):(\d{2}) (\S+)$/;

/** From one minute of a week to another, Monday 00:00 being 0, in the time of a zone. `to` may lie before `from`, over Sunday. */
interface Session {
  from: number;
  to: number;
  zone: string;
}

/** @throws Error that says what is wrong and what would be right. */
export function parseTradingHours(text: string): TradingHours {
  if (text === "always") return { isOpenAt: () => true, wasOpenBetween: () => true };
  const sessions =
    text === "forex" ? [forex()] : text.split(";").flatMap((part) => sessionsOf(part.trim(), text));
  return {
    isOpenAt: (atMs) => sessions.some((session) => isInside(session, minuteOfWeek(atMs, session.zone))),
    // Hours come again every week, so a longer span has all of them in it.
    wasOpenBetween: (fromMs, toMs) =>
      toMs - fromMs >= WEEK_MINUTES * 60_000 ||
      sessions.some((session) => overlaps(session, Math.floor(fromMs / 60_000), Math.floor(toMs / 60_000))),
  };
}

function forex(): Session {
  return { from: minuteOf(6, 17, 0), to: minuteOf(4, 17, 0), zone: NEW_YORK };
}

function sessionsOf(part: string, whole: string): Session[] {
  const match = wording.exec(part);
  const wrong = new Error(
    `"${whole}" are no trading hours; they should be "always", "forex" or such as "Mon-Fri 09:30-16:00 America/New_York"`,
  );
  if (match === null) throw wrong;
  const [, first = "", last = first, fromHour, fromMinute, toHour, toMinute, zone = ""] = match;
  const firstDay = dayNames.indexOf(first);
  const lastDay = dayNames.indexOf(last);
  if (firstDay === -1 || lastDay < firstDay || !isZone(zone)) throw wrong;
  const from = Number(fromHour) * 60 + Number(fromMinute);
  const to = Number(toHour) * 60 + Number(toMinute);
  if (from > 1440 || to > 1440 || Number(fromMinute) > 59 || Number(toMinute) > 59) throw wrong;
  const sessions: Session[] = [];
  for (let day = firstDay; day <= lastDay; day++) {
    // Hours that end before they begin go on into the next day.
    const endDay = to <= from ? day + 1 : day;
    sessions.push({
      from: minuteOf(day, 0, from),
      to: minuteOf(endDay, 0, to) % WEEK_MINUTES,
      zone,
    });
  }
  return sessions;
}

function minuteOf(day: number, hour: number, minute: number): number {
  return (day * 24 + hour) * 60 + minute;
}

function isInside({ from, to }: Pick<Session, "from" | "to">, minute: number): boolean {
  return from < to ? minute >= from && minute < to : minute >= from || minute < to;
}

/**
 * It was on when the span began, or began within it; from one minute to another since 1970. A span in which the zone's
 * clocks are changed is cut until they are changed between two pieces: within one, hours would repeat or be missing.
 */
function overlaps(session: Session, from: number, to: number): boolean {
  const begin = minuteOfWeek(from * 60_000, session.zone);
  const end = minuteOfWeek(to * 60_000, session.zone);
  if ((end - begin + WEEK_MINUTES) % WEEK_MINUTES !== to - from) {
    const middle = Math.floor((from + to) / 2);
    return overlaps(session, from, middle) || overlaps(session, middle + 1, to);
  }
  const span = { from: begin, to: (end + 1) % WEEK_MINUTES };
  return isInside(session, begin) || isInside(span, session.from);
}

function isZone(zone: string): boolean {
  try {
    formatterOf(zone);
    return true;
  } catch {
    // Intl's way to say that there is no such zone.
    return false;
  }
}

const formatters = new Map<string, Intl.DateTimeFormat>();

function formatterOf(zone: string): Intl.DateTimeFormat {
  const known = formatters.get(zone);
  if (known !== undefined) return known;
  const formatter = new Intl.DateTimeFormat("en-US", {
    timeZone: zone,
    weekday: "short",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  });
  formatters.set(zone, formatter);
  return formatter;
}

/** A zone's time is apart from UTC by the same minutes for at least a quarter of an hour. */
const QUARTER_MS = 15 * 60_000;
const MOST_QUARTERS = 100_000;
/** Intl is slow, and a gap over a weekend asks about thousands of minutes for each instrument. */
const minutesAtQuarters = new Map<string, number>();

function minuteOfWeek(atMs: number, zone: string): number {
  const quarter = Math.floor(atMs / QUARTER_MS);
  const key = `${zone} ${quarter}`;
  let minute = minutesAtQuarters.get(key);
  if (minute === undefined) {
    if (minutesAtQuarters.size >= MOST_QUARTERS) minutesAtQuarters.clear();
    minute = minuteOfWeekByIntl(quarter * QUARTER_MS, zone);
    minutesAtQuarters.set(key, minute);
  }
  return (minute + Math.floor((atMs - quarter * QUARTER_MS) / 60_000)) % WEEK_MINUTES;
}

function minuteOfWeekByIntl(atMs: number, zone: string): number {
  const parts: Record<string, string> = {};
  for (const { type, value } of formatterOf(zone).formatToParts(atMs)) parts[type] = value;
  return minuteOf(dayNames.indexOf(parts["weekday"] ?? ""), Number(parts["hour"]), Number(parts["minute"]));
}
