export type { ClockSetting } from "./clock.ts";
export type { ExpectedListing, ExpectedSearch } from "./expected.ts";
export { type Fault, type FaultPlan, type FaultRule, faultNames } from "./faults.ts";
export { type LoggedRequest, mostAtOnce } from "./request-log.ts";
export { apiMarkets } from "./pricing-api.ts";
export type { SampleMarketplace, SampleMarketplaceOptions } from "./sample-marketplace.ts";
export { startSampleMarketplace } from "./start-sample-marketplace.ts";
