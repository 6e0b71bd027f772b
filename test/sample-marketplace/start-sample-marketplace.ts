import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { createCatalogue } from "./catalogue.ts";
import { createClock } from "./clock.ts";
import { createControl } from "./control.ts";
import { type Answer, html, sendHalf, sendSlowly, sendWhole } from "./delivery.ts";
import { expectedListing, expectedSearch } from "./expected.ts";
import { createFaults, type FaultRule } from "./faults.ts";
import { emptyShell, htmlDocument, memoryEater, type Page, searchPath } from "./pages/layout.ts";
import { notFoundPage } from "./pages/plain-pages.ts";
import {
  blockPage,
  captchaPage,
  loginPage,
  serverErrorPage,
  tooManyRequestsPage,
} from "./pages/wall-pages.ts";
import { createPricingApi } from "./pricing-api.ts";
import { type LoggedRequest, RequestLog } from "./request-log.ts";
import type { SampleMarketplace, SampleMarketplaceOptions } from "./sample-marketplace.ts";
import { createSite } from "./site.ts";

const defaultRobots = "User-agent: *\nDisallow: /-/\nDisallow: /checkout\nAllow: /\n";

/** Starts a marketplace whose every page follows from its seed and its clock. Rejects if the port is taken. */
export async function startSampleMarketplace(
  options: SampleMarketplaceOptions = {},
): Promise<SampleMarketplace> {
  const { host = "127.0.0.1", port = 0, seed = 1, perPage = 40, listings = 120 } = options;
  const { currency = "mixed", priceStepSeconds = 60 } = options;
  let { robots = defaultRobots } = options;
  const clock = createClock(options.clock ?? (() => new Date()));
  const catalogue = createCatalogue({ seed, listings, currency, priceStepSeconds });
  const site = createSite({ catalogue, seed, perPage, robots: () => robots, now: clock.now });
  const pricingApi = createPricingApi({ catalogue, now: clock.now, token: options.apiToken ?? null });
  const log = new RequestLog();
  let faults = createFaults(options.faults ?? { rules: [] });

  function serve(url: URL, response: ServerResponse, authorization: string | undefined): void {
    const path = pathOf(url);
    const rule = faults.take(path);
    const record = (status: number) => {
      const request: LoggedRequest = {
        at: clock.now(),
        path,
        status,
        startedMs: performance.now(),
        endedMs: null,
      };
      response.once("close", () => (request.endedMs = performance.now()));
      log.add(request);
    };
    if (rule?.fault === "hang") return record(0);
    const honest = () => pricingApi(url, authorization) ?? site.answer(url);
    const answer = rule ? faultyAnswer(rule, url, honest) : honest();
    record(answer.status);
    if (rule?.fault === "truncated") return sendHalf(response, answer);
    if (rule?.fault === "slow") return sendSlowly(response, answer, rule.slowMs);
    sendWhole(response, answer);
  }

  function faultyAnswer(rule: FaultRule, url: URL, honest: () => Answer): Answer {
    switch (rule.fault) {
      case "not-found":
        return asAnswer(notFoundPage());
      case "ended":
        return asAnswer(site.page(url, true));
      case "rate-limited":
        return asAnswer(
          tooManyRequestsPage,
          rule.retryAfterSeconds === null ? {} : { "retry-after": String(rule.retryAfterSeconds) },
        );
      case "blocked":
        return asAnswer(blockPage);
      case "captcha":
        return asAnswer(captchaPage);
      case "login":
        return asAnswer(loginPage);
      case "server-error":
        return asAnswer(serverErrorPage);
      case "needs-javascript":
        return { status: 200, contentType: html, body: emptyShell() };
      case "devours-memory":
        return { status: 200, contentType: html, body: memoryEater() };
      case "hang":
      case "slow":
      case "truncated":
        return honest();
    }
  }

  const server = createServer((request, response) => {
    const url = URL.parse(request.url ?? "/", "http://sample.invalid");
    if (url === null) sendWhole(response, { status: 400, contentType: "text/plain", body: "Not an address" });
    else if (url.pathname.startsWith("/-/")) control(request, response, url);
    else serve(url, response, request.headers.authorization);
  });
  // Longer than any client keeps an idle connection, so that it is never the server that closes first.
  server.keepAliveTimeout = 120_000;

  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
  const boundTo = server.address() as AddressInfo;
  const url = `http://${boundTo.family === "IPv6" ? `[${boundTo.address}]` : boundTo.address}:${boundTo.port}`;

  const marketplace: SampleMarketplace = {
    url,
    setFaults: (plan) => {
      faults = createFaults(plan);
    },
    setRobots: (text) => {
      robots = text;
    },
    faultFor: (path) => faults.ruleFor(path),
    setClock: clock.set,
    now: clock.now,
    requests: log.recent,
    countByPath: log.countByPath,
    countByStatus: log.countByStatus,
    forgetRequests: () => log.clear(),
    expectedListing(externalId) {
      const listing = catalogue.listing(externalId, clock.now());
      if (listing === null) throw new Error(`The sample marketplace has no listing "${externalId}".`);
      return expectedListing(listing, url);
    },
    expectedSearch: (term) => expectedSearch(catalogue, term, clock.now(), url),
    async close() {
      const closed = new Promise<void>((resolve, reject) => {
        server.close((error) => (error ? reject(error) : resolve()));
      });
      server.closeAllConnections();
      await closed;
    },
  };
  const control = createControl(marketplace, site);
  return marketplace;
}

function asAnswer(page: Page, headers: Record<string, string> = {}): Answer {
  return { status: page.status, contentType: html, body: htmlDocument(page), headers };
}

/** The one address by which a page's requests are counted and its faults chosen, whoever linked to it. */
function pathOf({ pathname, searchParams, search }: URL): string {
  if (pathname === "/search") {
    return searchPath(searchParams.get("q") ?? "", Number(searchParams.get("page") ?? 1));
  }
  return searchParams.has("ref") ? pathname : pathname + search;
}
