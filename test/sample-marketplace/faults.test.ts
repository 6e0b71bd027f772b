import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type Fault, type SampleMarketplace, startSampleMarketplace } from "./index.ts";

let marketplace: SampleMarketplace;
beforeAll(async () => {
  marketplace = await startSampleMarketplace({ clock: () => new Date("2026-06-01T12:00:00Z") });
});
beforeEach(() => {
  marketplace.setFaults({ rules: [] });
  marketplace.forgetRequests();
});
afterAll(() => marketplace.close());

const path = "/item/thinkpad-x1-1";
async function getWith(fault: Fault) {
  marketplace.setFaults({ rules: [{ fault }] });
  const response = await fetch(marketplace.url + path);
  return { status: response.status, headers: response.headers, html: await response.text() };
}

test.each([
  ["not-found", 404, "Page not found"],
  ["ended", 200, 'class="availability ended"'],
  ["rate-limited", 429, "Too Many Requests"],
  ["blocked", 403, "Access Denied"],
  ["captcha", 200, 'class="g-recaptcha"'],
  ["login", 200, 'type="password"'],
  ["server-error", 500, "Something went wrong"],
  ["needs-javascript", 200, "enable JavaScript"],
  ["devours-memory", 200, "hoard.push"],
] as const)("%s answers %i and says so", async (fault, status, words) => {
  const answer = await getWith(fault);
  expect(answer.status).toBe(status);
  expect(answer.html).toContain(words);
  expect(answer.headers.get("retry-after")).toBe(fault === "rate-limited" ? "5" : null);
  expect(marketplace.requests.map((request) => request.status)).toEqual([status]);
});

test.each([
  "not-found",
  "rate-limited",
  "blocked",
  "captcha",
  "login",
  "server-error",
  "needs-javascript",
] as const)("%s shows no price", async (fault) => {
  expect((await getWith(fault)).html).not.toContain('class="price"');
});

test("a truncated answer breaks off in the middle", async () => {
  await expect(getWith("truncated")).rejects.toThrow(/terminated/);
});

test("a hanging answer never begins, and closing the server ends it", async () => {
  const own = await startSampleMarketplace({ faults: { rules: [{ fault: "hang" }] } });
  const hanging = fetch(own.url + path).then(
    () => "answered",
    () => "cut off",
  );
  await expect.poll(() => own.requests.length).toBe(1);
  expect(own.requests[0]?.status).toBe(0);
  await own.close();
  expect(await hanging).toBe("cut off");
});

test("a slow answer is whole in the end", async () => {
  marketplace.setFaults({ rules: [{ fault: "slow", slowMs: 100 }] });
  const slow = await (await fetch(marketplace.url + path)).text();
  marketplace.setFaults({ rules: [] });
  expect(slow).toBe(await (await fetch(marketplace.url + path)).text());
});

test("the script of a page that needs JavaScript finds the real content, whatever faults are on", async () => {
  const { html } = await getWith("needs-javascript");
  expect(html).toContain('src="/shell.js"');
  const content = await (await fetch(`${marketplace.url}/-/content?path=${encodeURIComponent(path)}`)).json();
  expect(content).toMatchObject({ title: expect.stringContaining("Thinkpad X1") });
  expect((content as { body: string }).body).toContain('class="price"');
});

test("a share hits the same listings each time, about as many as it says, and tells which", async () => {
  const paths = marketplace.expectedSearch("thinkpad").items.map((item) => new URL(item.url).pathname);
  const hitBy = (seed: number) => {
    marketplace.setFaults({ seed, rules: [{ fault: "not-found", share: 0.25 }] });
    return paths.filter((each) => marketplace.faultFor(each) !== null);
  };
  const hit = hitBy(1);
  expect(hit.length).toBeGreaterThan(15);
  expect(hit.length).toBeLessThan(45);
  expect(hitBy(1)).toEqual(hit);
  expect(hitBy(2)).not.toEqual(hit);

  hitBy(1);
  for (const each of paths) {
    expect((await fetch(marketplace.url + each)).status).toBe(hit.includes(each) ? 404 : 200);
  }
});

test("a fault with a number of times lets each path recover after it", async () => {
  marketplace.setFaults({
    rules: [
      { fault: "rate-limited", times: 2, retryAfterSeconds: 1 },
      { fault: "server-error", times: 1 },
    ],
  });
  const statusesOf = async (each: string) => {
    const statuses: number[] = [];
    for (let request = 0; request < 5; request++) statuses.push((await fetch(marketplace.url + each)).status);
    return statuses;
  };
  expect(await statusesOf("/item/lamp-1")).toEqual([429, 429, 500, 200, 200]);
  expect(await statusesOf("/item/lamp-2")).toEqual([429, 429, 500, 200, 200]);
  expect(marketplace.faultFor("/item/lamp-1")?.fault).toBe("rate-limited");
});

test("a rule without a path means listing pages; with one, a prefix or an expression", async () => {
  const hit = (candidate: string) => marketplace.faultFor(candidate) !== null;
  marketplace.setFaults({ rules: [{ fault: "blocked" }] });
  expect(["/item/a-1", "/search?q=a&page=1", "/robots.txt"].map(hit)).toEqual([true, false, false]);
  marketplace.setFaults({ rules: [{ fault: "blocked", path: "/search" }] });
  expect(["/item/a-1", "/search?q=a&page=1"].map(hit)).toEqual([false, true]);
  marketplace.setFaults({ rules: [{ fault: "blocked", path: /-[13]$/ }] });
  expect(["/item/a-1", "/item/a-2", "/item/a-3"].map(hit)).toEqual([true, false, true]);
});

test("another process switches faults and the clock, and sees what was asked for and what is true", async () => {
  const control = async (method: string, door: string, body?: unknown) => {
    const response = await fetch(`${marketplace.url}/-/${door}`, {
      method,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: await response.json() };
  };
  const rules = [{ fault: "not-found", path: { pattern: "-1$" } }];
  expect(await control("POST", "faults", { rules })).toEqual({ status: 200, body: { rules: 1 } });
  expect((await fetch(marketplace.url + path)).status).toBe(404);
  expect((await control("GET", "requests")).body).toMatchObject({
    byPath: { [path]: 1 },
    byStatus: { 404: 1 },
  });

  const later = "2026-07-01T00:00:00.000Z";
  expect((await control("POST", "clock", { now: later })).body).toEqual({ now: later });
  expect((await control("GET", "expected?id=thinkpad-x1-1")).body).toEqual(
    marketplace.expectedListing("thinkpad-x1-1"),
  );
  expect((await control("POST", "clock", {})).body).toEqual({ now: "2026-06-01T12:00:00.000Z" });

  const wrong = await control("POST", "faults", { rules: [{ fault: "bogus" }] });
  expect(wrong.status).toBe(400);
  expect(wrong.body).toEqual({ error: expect.stringContaining("one of not-found, ended") });
});
