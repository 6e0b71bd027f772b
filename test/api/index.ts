export { anItem, beginRun, claimTargets, finishClaim, storePage } from "./seed.ts";
export { connectForTest, CONTROL_TOKEN, quietLogger, startTestApi, type TestApi } from "./test-api.ts";
