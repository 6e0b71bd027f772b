import { Validator } from "@seriousme/openapi-schema-validator";
import { describe, expect, it } from "vitest";
import { anItem, beginRun, connectForTest, startTestApi, storePage } from "../../test/api/index.ts";
import { createTestDatabase } from "../../test/harness/index.ts";

const database = await createTestDatabase();
const worker = await connectForTest(database.workerUrl);
const api = await startTestApi(database.apiUrl);
const named = await startTestApi(database.apiUrl, { corsOrigins: ["https://prices.example.com"] });

describe("health", () => {
  it("a healthy API says so in the words that others rely on", async () => {
    for (const path of ["/health", "/health/ready", "/api/health"]) {
      const { status, body } = await api.get(path);
      expect({ status, body }).toEqual({ status: 200, body: { status: "healthy", database: "connected" } });
    }
    expect((await api.get("/health/live")).body).toEqual({ status: "alive" });
  });
});

describe("the documentation", () => {
  it("openapi.json is a valid OpenAPI 3.1 document, with every route in it", async () => {
    const document = await (await api.fetch("/openapi.json")).json();
    const result = await new Validator().validate(document);
    expect(result.errors ?? []).toEqual([]);
    expect(document.openapi).toBe("3.1.0");
    expect(Object.keys(document.paths).toSorted()).toEqual([
      "/analytics",
      "/cache/prices/reset",
      "/cache/prices/start",
      "/cache/prices/status",
      "/cache/prices/stop",
      "/catalog/gpu",
      "/dead-letters",
      "/dead-letters/discard",
      "/dead-letters/poison",
      "/dead-letters/poison/{id}/discard",
      "/dead-letters/poison/{id}/retry",
      "/dead-letters/retry",
      "/dead-letters/targets",
      "/dead-letters/{id}",
      "/dead-letters/{id}/discard",
      "/dead-letters/{id}/retry",
      "/events",
      "/health",
      "/health/live",
      "/health/ready",
      "/hosts",
      "/hosts/{host}",
      "/instruments",
      "/instruments/{id}",
      "/listings",
      "/listings/stats",
      "/listings/{id}",
      "/listings/{id}/prices",
      "/market-data/bars",
      "/market-data/sync",
      "/market-data/sync/schedules",
      "/market-data/sync/schedules/{id}",
      "/prices",
      "/prices/{asset}",
      "/quotes",
      "/quotes/subscribe",
      "/quotes/{instrument}",
      "/runs",
      "/runs/{id}",
      "/runs/{id}/markets",
      "/runs/{id}/reset",
      "/runs/{id}/resume",
      "/runs/{id}/retry",
      "/runs/{id}/start",
      "/runs/{id}/stop",
      "/searches",
      "/searches/{id}",
      "/sources",
    ]);
    const ids = Object.values(document.paths as Record<string, Record<string, { operationId: string }>>)
      .flatMap((methods) => Object.values(methods))
      .map(({ operationId }) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("the page of the documentation loads nothing from elsewhere", async () => {
    for (const root of ["", "/api"]) {
      const page = await api.fetch(`${root}/docs`);
      expect(page.headers.get("content-type")).toContain("text/html");
      const html = await page.text();
      expect(html).not.toMatch(/https?:\/\//);
      const files = [...html.matchAll(/(?:src|href)="(docs\/[^"]+)"/g)].map(([, file]) => file);
      expect(files).toHaveLength(3);
      for (const file of files) {
        const response = await api.fetch(`${root}/${file}`);
        expect(response.status).toBe(200);
        expect(response.headers.get("content-type")).toMatch(/css|javascript/);
        await response.arrayBuffer();
      }
    }
  });
});

describe("the page for people", () => {
  it("what a stranger's page says is shown as text and never runs", async () => {
    const run = await beginRun(worker, `<img src=x onerror="alert('term')">`);
    await storePage(worker, run, [
      anItem("1", { title: `"><script>alert(1)</script>`, condition: "<b>new</b>" }),
      anItem("2", { title: "bad address", url: "javascript:alert(2)" }),
      anItem("3", { title: "no price", amount: null, currency: null }),
    ]);
    const page = await api.fetch("/");
    const html = await page.text();
    expect(page.status).toBe(200);
    expect(html.match(/<script/g)).toHaveLength(1);
    expect(html).toContain('<script type="module" src="front-page.js"></script>');
    expect(html).not.toMatch(/<b>new|<img src=x|javascript:/);
    expect(html).toContain("&#34;&#62;&#60;script&#62;alert(1)&#60;/script&#62;");
    expect(html).toContain("not known");
    expect(page.headers.get("content-security-policy")).toMatch(/script-src 'self'|default-src 'self'/);
    const { body } = await api.get("/listings");
    for (const { id } of body.items) expect(html).toContain(`href="listings/${id}/prices"`);
  });

  it("the page comes with its style", async () => {
    const style = await api.fetch("/front-page.css");
    expect(style.headers.get("content-type")).toContain("text/css");
    expect(await style.text()).toContain("color-scheme: light dark");
  });
});

describe("every answer", () => {
  const requestIdFor = async (given: string | null) =>
    (
      await api.fetch("/health/live", given === null ? {} : { headers: { "x-request-id": given } })
    ).headers.get("x-request-id");

  it("a request id that the caller gives is kept, and otherwise made", async () => {
    expect(await requestIdFor("trace-1.2:3")).toBe("trace-1.2:3");
    expect(await requestIdFor(null)).toMatch(/^[0-9a-f-]{36}$/);
    expect(await requestIdFor("x".repeat(129))).toMatch(/^[0-9a-f-]{36}$/);
    expect(await requestIdFor('forged" level="error')).toMatch(/^[0-9a-f-]{36}$/);
    const response = await api.fetch("/nowhere", { headers: { "x-request-id": "mine" } });
    expect(await response.json()).toMatchObject({ request_id: "mine" });
  });

  it("measurements are kept by route, not by address", async () => {
    await api.get("/listings/1");
    await api.get("/listings/2");
    const metrics = await api.fetch("/metrics");
    const text = await metrics.text();
    expect(metrics.headers.get("content-type")).toContain("text/plain");
    expect(text).toMatch(
      /http_request_duration_seconds_count\{method="GET",route="\/listings\/\{id\}",status="200"\} \d+/,
    );
    expect(text).not.toContain('route="/listings/1"');
    expect(text).toContain("process_resident_memory_bytes");
  });

  it("pages of other origins may read only when they are named", async () => {
    const allowed = async (of: typeof api, origin: string) =>
      (await of.fetch("/health/live", { headers: { origin } })).headers.get("access-control-allow-origin");
    expect(await allowed(api, "https://prices.example.com")).toBeNull();
    expect(await allowed(named, "https://prices.example.com")).toBe("https://prices.example.com");
    expect(await allowed(named, "https://evil.example.com")).toBeNull();
    const preflight = await named.fetch("/runs", {
      method: "OPTIONS",
      headers: { origin: "https://prices.example.com", "access-control-request-method": "POST" },
    });
    expect(preflight.status).toBe(204);
  });
});

// One of the four is startTestApi's own, for openapi.json.
const limited = await startTestApi(database.apiUrl, { rateLimitPerMinute: 4 });
const behindProxy = await startTestApi(database.apiUrl, { rateLimitPerMinute: 4, trustedProxies: 1 });

describe("the limit of requests", () => {
  const statuses = async (of: typeof api, callerOf: (index: number) => string) => {
    const answers: number[] = [];
    for (let index = 0; index < 5; index++) {
      const response = await of.fetch("/runs", { headers: { "x-forwarded-for": callerOf(index) } });
      answers.push(response.status);
    }
    return answers;
  };

  it("a caller that asks too often is sent away with a problem, and health is still told", async () => {
    // A header that anybody can write makes nobody another caller.
    expect(await statuses(limited, (index) => `203.0.113.${index}`)).toEqual([200, 200, 200, 429, 429]);
    const { status, headers, body } = await limited.get("/runs");
    expect(status).toBe(429);
    expect(Number(headers.get("retry-after"))).toBeGreaterThan(0);
    expect(body.type).toBe("urn:pricefleet:problem:too-many-requests");
    expect((await limited.get("/health")).status).toBe(200);
  });

  it("behind a trusted proxy each caller has a limit of their own", async () => {
    expect(await statuses(behindProxy, (index) => `203.0.113.${index}`)).toEqual([200, 200, 200, 200, 200]);
    expect(await statuses(behindProxy, () => "203.0.113.99")).toEqual([200, 200, 200, 200, 429]);
  });
});
