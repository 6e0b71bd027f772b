import {
  changeRunState,
  markCollected,
  notifyQuotesChanged,
  quotesOfCurrencies,
  storeQuotes,
} from "@pricefleet/database";
import { createBaseRates } from "@pricefleet/pricing";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import {
  anItem,
  beginRun,
  claimTargets,
  connectForTest,
  finishClaim,
  startTestApi,
  storePage,
} from "../../../test/api/index.ts";
import { createTestDatabase } from "../../../test/harness/index.ts";
import { renderFrontPage } from "./front-page.ts";

const database = await createTestDatabase();
const worker = await connectForTest(database.workerUrl);
const api = await startTestApi(database.apiUrl);
await worker.updateTable("instruments").set({ trading_hours: "always" }).execute();
const ids = new Map<string, string>(
  (await api.get("/instruments")).body.items.map((one: Record<string, string>) => [one["symbol"], one["id"]]),
);

async function quoted(symbol: string, price: string, ageMs = 0): Promise<void> {
  const instrumentId = ids.get(symbol) ?? "0";
  const nothing = { bid: null, ask: null, dayVolume: null };
  await worker.deleteFrom("quotes").where("instrument_id", "=", instrumentId).execute();
  await storeQuotes(worker, [{ instrumentId, price, source: "page", atMs: Date.now() - ageMs, ...nothing }]);
  await notifyQuotesChanged(worker, [instrumentId]);
}

const pageText = async () => (await api.fetch("/")).text();
const rates = () => createBaseRates("USD", () => quotesOfCurrencies(worker));
/** What stands between two tags, without tags, in one line. */
const words = (html: string) => html.replaceAll(/<[^>]*>/g, " ").replaceAll(/\s+/g, " ");

describe("the front page shows", () => {
  it("the latest quotes with what they are per, their age, and which are stale", async () => {
    await quoted("GOLD", "4000.125");
    await quoted("EURUSD", "1.25", 61_000);
    await expect.poll(pageText).toContain("4,000.13");
    const html = await pageText();
    const tiles = html.split("<li data-instrument=").slice(1);
    const tileOf = (name: string) => tiles.find((tile) => tile.startsWith(`"${name}"`)) ?? "";
    expect(words(tileOf("TVC:GOLD"))).toMatch(/Gold USD per troy oz .*4,000.13 .*just now/);
    expect(tileOf("TVC:GOLD")).toContain('class="stale" hidden');
    expect(words(tileOf("FX_IDC:EURUSD"))).toMatch(/EUR\/USD 1\.25 stale 1 min ago/);
    expect(tileOf("FX_IDC:EURUSD")).not.toContain("hidden");
  });

  it("no quote at all where it may be an old one", () => {
    const page = { runs: [], listings: [], baseCurrency: "USD", now: new Date() };
    expect(renderFrontPage({ ...page, quotes: null }).text).toContain("Not known right now");
    expect(renderFrontPage({ ...page, quotes: [] }).text).toContain("Nothing is quoted yet");
  });

  it("beside each price its value in the base currency when it was seen, or why there is none", async () => {
    await quoted("EURUSD", "1.25");
    const seen = [
      anItem("euro", { amount: "100.00", currency: "EUR", shipping: null }),
      anItem("dollar", { amount: "9.50", currency: "USD", shipping: null }),
      anItem("krona", { amount: "7.00", currency: "SEK", shipping: null }),
    ];
    await storePage(worker, await beginRun(worker, "valued"), seen, 1, undefined, rates());
    const html = await pageText();
    const rowOf = (title: string) =>
      words(html.split("<tr>").find((row) => row.includes(`Thing ${title}`)) ?? "");
    expect(rowOf("euro")).toContain("100.00 EUR ≈ 125.00 USD");
    expect(rowOf("dollar")).toContain("9.50 USD 9.50 USD");
    expect(rowOf("krona")).toContain("7.00 SEK no exchange rate");
  });

  it("of a listing that cannot be had any more, what became of it", async () => {
    await storePage(worker, await beginRun(worker, "over"), [
      anItem("over", { ended: true }),
      anItem("still there"),
    ]);
    const html = await pageText();
    const titleOf = (name: string) =>
      words(
        html
          .split("<tr>")
          .find((row) => row.includes(`Thing ${name}`))
          ?.split("</td>")[0] ?? "",
      ).trim();
    expect(titleOf("over")).toBe("Thing over ended");
    expect(titleOf("still there")).toBe("Thing still there");
  });

  it("when a run will have ended, or why nobody knows", async () => {
    const run = await beginRun(worker, "a long one");
    await storePage(
      worker,
      run,
      Array.from({ length: 10 }, (_, n) => anItem(`long-${n}`)),
    );
    const card = async () =>
      words((await pageText()).split("<li").find((item) => item.includes(`runs/${run.id}"`)) ?? "");
    expect(await card()).toContain("time left not known: search pages are left to read");
    await markCollected(worker, run.id);
    for (const claim of await claimTargets(worker, run.id, 4)) await finishClaim(worker, claim);
    expect(await card()).toMatch(/about \d+ (s|min) left .*until \d\d:\d\d UTC/);
    await changeRunState(worker, run.id, "paused", "asked to");
    expect(await card()).toContain("time left not known: the run is paused");
    await changeRunState(worker, run.id, "processing", "asked to");
  });
});

describe("in a browser", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath: process.env["CHROMIUM_PATH"] ?? "",
      args: ["--no-sandbox"],
    });
  }, 60_000);
  afterAll(() => browser.close());

  async function open(width: number, path = "/"): Promise<{ page: Page; complaints: string[] }> {
    const page = await browser.newPage({ viewport: { width, height: 800 } });
    onTestFinished(() => page.close());
    const complaints: string[] = [];
    page.on("console", (message) => void (message.type() === "error" && complaints.push(message.text())));
    page.on("pageerror", (error) => void complaints.push(error.message));
    await page.goto(api.url + path);
    await page.getByRole("status").filter({ hasText: "Live" }).waitFor();
    return { page, complaints };
  }

  it.each(["/", "/api/"])(
    "at %s quotes move and runs go on without the page being loaded again",
    {
      timeout: 60_000,
    },
    async (path) => {
      await quoted("SILVER", "50");
      await expect.poll(pageText).toContain('value="50"');
      const { page, complaints } = await open(1280, path);
      await page.evaluate(() => document.body.setAttribute("data-same", "yes"));
      await quoted("SILVER", "51.25");
      await page.locator('[data-instrument="TVC:SILVER"] data', { hasText: "51.25" }).waitFor();
      const run = await beginRun(worker, `begun at ${path}`);
      await storePage(worker, run, [anItem(`begun at ${path}`)]);
      await page.getByRole("link", { name: `begun at ${path}`, exact: true }).waitFor();
      await page.getByRole("link", { name: `Thing begun at ${path}` }).waitFor();
      await markCollected(worker, run.id);
      const [claim] = await claimTargets(worker, run.id, 1);
      if (claim === undefined) throw new Error("nothing to claim");
      await finishClaim(worker, claim);
      await changeRunState(worker, run.id, "completed", "all is done");
      const card = page.locator("#runs li", { has: page.locator(`a[href="runs/${run.id}"]`) });
      await card.getByText("completed").waitFor();
      await card.getByText("took").waitFor();
      expect(await page.locator("body").getAttribute("data-same")).toBe("yes");
      expect(complaints).toEqual([]);
    },
  );

  it.each([390, 1280])(
    "at %i pixels nothing is wider than the window",
    { timeout: 60_000 },
    async (width) => {
      const { page, complaints } = await open(width);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
      expect(complaints).toEqual([]);
    },
  );
});
