import type { ServiceSpec } from "./processes.ts";
import { findFreePort, isPortFree } from "./servers/index.ts";

const USUAL_PORT = 30_081;
/** A listing's price moves every 2 to 13 steps: most have moved when a person runs the demo a second time. */
const PRICE_STEP_SECONDS = "5";

/** The marketplace of test/sample-marketplace as a service of the stack. */
export async function sampleMarketplace(listings: number): Promise<{ url: string; service: ServiceSpec }> {
  // Its usual port, so that it is the same host from one demo to the next.
  const port = (await isPortFree(USUAL_PORT)) ? USUAL_PORT : await findFreePort();
  return {
    url: `http://127.0.0.1:${port}`,
    service: {
      name: "sample-marketplace",
      file: "test/sample-marketplace/main.ts",
      environment: { PORT: String(port), LISTINGS: String(listings), PRICE_STEP_SECONDS },
    },
  };
}
