export { type CuttableLine, layLine } from "./cuttable-line.ts";
export { startPrivateServers, type PrivateServers } from "../../scripts/servers/index.ts";
export { createTestDatabase, type TestDatabase } from "./test-database.ts";
export { createTestVhost, type TestVhost } from "./test-vhost.ts";
