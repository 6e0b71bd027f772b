/** "waiting for ebay.de until 14:05 UTC: captcha" */
export function waitingWords(
  { host, until, reason }: { host: string; until: Date; reason: string | null },
  now = new Date(),
): string {
  return `waiting for ${host} until ${waitingTime(until, now)}: ${reason ?? "unknown"}`;
}

/** The time of a day in UTC; with its date, if it is not today's. */
export function waitingTime(until: Date, now = new Date()): string {
  const [day = "", time = ""] = until.toISOString().slice(0, 16).split("T");
  const isToday = now.toISOString().startsWith(day);
  return `${isToday ? "" : `${day} `}${time} UTC`;
}
