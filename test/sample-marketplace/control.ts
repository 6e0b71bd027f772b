import type { IncomingMessage, ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { messageOf } from "@pricefleet/contracts";
import { z } from "zod";
import type { SampleMarketplace } from "./sample-marketplace.ts";
import { faultPlan } from "./faults.ts";
import type { Site } from "./site.ts";

const clockRequest = z.union([
  z.strictObject({ now: z.iso.datetime() }).transform(({ now }) => new Date(now)),
  z.strictObject({ offsetMs: z.number() }),
  z.strictObject({}).transform(() => null),
]);

const robotsRequest = z.strictObject({ text: z.string() });

/**
 * The door for other processes, JSON in and out:
 * POST /-/faults (a fault plan), POST /-/robots ({ text }), POST /-/clock ({ now } stops it, { offsetMs } shifts it, {} sets it right),
 * GET /-/requests, DELETE /-/requests, GET /-/expected?id=… or ?q=…, GET /-/content?path=… (for the empty shell).
 */
export function createControl(marketplace: SampleMarketplace, site: Site) {
  const routes: Record<string, (url: URL, body: string) => unknown> = {
    "POST /-/faults": (_url, body) => {
      const plan = faultPlan.parse(JSON.parse(body));
      marketplace.setFaults(plan);
      return { rules: plan.rules.length };
    },
    "POST /-/robots": (_url, body) => {
      marketplace.setRobots(robotsRequest.parse(JSON.parse(body)).text);
      return {};
    },
    "POST /-/clock": (_url, body) => {
      marketplace.setClock(clockRequest.parse(JSON.parse(body)));
      return { now: marketplace.now() };
    },
    "GET /-/requests": () => ({
      byStatus: Object.fromEntries(marketplace.countByStatus),
      byPath: Object.fromEntries(marketplace.countByPath),
      recent: marketplace.requests,
    }),
    "DELETE /-/requests": () => {
      marketplace.forgetRequests();
      return {};
    },
    "GET /-/expected": (url) => {
      const id = url.searchParams.get("id");
      return id === null
        ? marketplace.expectedSearch(url.searchParams.get("q") ?? "")
        : marketplace.expectedListing(id);
    },
    "GET /-/content": (url) => site.page(new URL(url.searchParams.get("path") ?? "/", url)),
  };

  async function answer(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    const route = routes[`${request.method} ${url.pathname}`];
    if (!route) return sendJson(response, 404, { error: `There is ${Object.keys(routes).join(", ")}` });
    const body = await text(request);
    try {
      sendJson(response, 200, route(url, body));
    } catch (error) {
      sendJson(response, 400, {
        error: error instanceof z.ZodError ? z.prettifyError(error) : messageOf(error),
      });
    }
  }

  return (request: IncomingMessage, response: ServerResponse, url: URL): void => {
    answer(request, response, url).catch((error: unknown) => response.destroy(error as Error));
  };
}

function sendJson(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
}
