import { ago } from "./browser/words.js";
import { html, type Html } from "./html.ts";

export function renderAge(time: Date, now: Date): Html {
  return html`<time datetime="${time.toISOString()}" title="${time.toISOString()}">${ago(now.getTime() - time.getTime())}</time>`;
}

/** "40 s", "12 min", "3 h 20 min": as exact as a person wants it. */
export function duration(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const rest = minutes % 60;
  return rest === 0 ? `${minutes / 60} h` : `${Math.floor(minutes / 60)} h ${rest} min`;
}
