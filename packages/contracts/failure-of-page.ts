import {
  BlockedError,
  LayoutChangedError,
  PermanentError,
  type PricefleetError,
  RateLimitedError,
} from "./errors.ts";
import type { PageReading } from "./page.ts";

/** The error that a page's state amounts to; null for one that was read (ok), or that truly has nothing (empty). */
export function failureOfPage(reading: PageReading): PricefleetError | null {
  const words = reading.reason ?? `the page is ${reading.state}`;
  switch (reading.state) {
    case "ok":
    case "empty":
      return null;
    case "gone":
      return new PermanentError("gone", words);
    case "blocked":
    case "captcha":
    case "login":
      return new BlockedError(reading.state, words);
    case "rate-limited":
      return new RateLimitedError("rate-limited", words, null);
    case "changed":
      return new LayoutChangedError("layout-changed", words);
  }
}
