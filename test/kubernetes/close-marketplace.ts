// What vitest does after the last file.
export { closeMarketplace as teardown } from "./install.ts";
