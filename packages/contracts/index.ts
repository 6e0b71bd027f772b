export * from "./environment.ts";
export * from "./errors.ts";
export * from "./exit-codes.ts";
export * from "./failure-of-page.ts";
export * from "./heartbeat.ts";
export * from "./listing.ts";
export * from "./page.ts";
export * from "./target.ts";
