import type { CatalogueOptions } from "./make-listing.ts";
import type { ClockSetting } from "./clock.ts";
import type { ExpectedListing, ExpectedSearch } from "./expected.ts";
import type { FaultPlan, FaultRule } from "./faults.ts";
import type { LoggedRequest } from "./request-log.ts";

export interface SampleMarketplaceOptions extends Partial<CatalogueOptions> {
  /** 0, the default, takes a free one. */
  port?: number;
  host?: string;
  /** Cards of a search page, 40. */
  perPage?: number;
  /** Where the time comes from; prices move with it. */
  clock?: () => Date;
  faults?: FaultPlan;
  /** The whole of robots.txt. */
  robots?: string;
  /** What callers of its JSON pricing API have to name; without it anybody may ask. */
  apiToken?: string;
}

export interface SampleMarketplace {
  /** Without a slash at its end: "http://127.0.0.1:40123". */
  readonly url: string;
  /** Replaces all rules, and forgets how often each was used. @throws ZodError */
  setFaults(plan: FaultPlan): void;
  /** Replaces robots.txt; faults of its path make it fail. */
  setRobots(text: string): void;
  /** The rule that the present plan has for a path such as "/item/thinkpad-x1-7", spent or not. */
  faultFor(path: string): FaultRule | null;
  setClock(setting: ClockSetting): void;
  now(): Date;
  /** The last ones, at most 10,000; tracking parameters are dropped, control requests do not count. */
  readonly requests: readonly LoggedRequest[];
  /** How often a path was asked for: "/item/thinkpad-x1-7", "/search?q=thinkpad%20x1&page=2". */
  readonly countByPath: ReadonlyMap<string, number>;
  readonly countByStatus: ReadonlyMap<number, number>;
  forgetRequests(): void;
  /** The truth at the server's present time, faults apart. @throws Error for an id that does not exist. */
  expectedListing(externalId: string): ExpectedListing;
  expectedSearch(term: string): ExpectedSearch;
  /** Ends hanging and kept-alive connections too. */
  close(): Promise<void>;
}
