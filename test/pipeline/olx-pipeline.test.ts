import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, expect, it } from "vitest";
import { countsByState, endOf, startFleet, waitFor } from "../fleet/index.ts";
import { createTestDatabase, createTestVhost } from "../harness/index.ts";

const card = (number: string, price: string, href = `/d/oferta/a-ID${number}.html`) =>
  `<div data-cy="l-card"><a href="${href}"><h4>Rower ${number}</h4></a><p data-testid="ad-price">${price}</p></div>`;
const promoted = card("1", "1 100 zł");
const sister = card("9", "5 zł", "https://www.otodom.pl/pl/oferta/a-ID9.html").replace("<div", '<div id="9"');
const next = (href: string) =>
  `<div data-testid="pagination-wrapper"><a data-testid="pagination-forward" href="${href}"></a></div>`;

/** By address: two searches, the first of two pages, each page with the same promoted ad. */
const searchPages = new Map([
  ["/oferty/q-rower/", promoted + card("2", "Zamienię") + sister + next("/oferty/q-rower/?page=2")],
  ["/oferty/q-rower/?page=2", promoted + card("3", "2 800 zł do negocjacji")],
  ["/oferty/q-rama/", promoted + card("4", "17,99 zł")],
]);
const prices = new Map([
  ["1", "1 100 zł"],
  ["2", "Zamienię"],
  ["3", "2 800 zł"],
  ["4", "17,99 zł"],
]);

const server = createServer((request, response) => {
  const number = /-ID(\d)\.html$/.exec(request.url ?? "")?.[1];
  const ad = `<div data-testid="offer_title"><h4>Rower ${number}</h4></div>
    <div data-testid="ad-price-container"><h3>${prices.get(number ?? "")}</h3></div>`;
  const page = searchPages.get(request.url ?? "") ?? (number === undefined ? undefined : ad);
  response
    .writeHead(page === undefined ? 404 : 200, { "content-type": "text/html; charset=utf-8" })
    .end(`<!doctype html><title>OLX</title><main>${page ?? "Not found"}</main>`);
}).listen(0, "127.0.0.1");
await once(server, "listening");
afterAll(() => server.close());

const database = await createTestDatabase();
const vhost = await createTestVhost();
const fleet = startFleet({
  databaseUrl: database.workerUrl,
  amqpUrl: vhost.url,
  environment: {
    OLX_BASE_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    FETCH_MODE: "http",
    HOST_MIN_DELAY_MS: "0",
  },
});
afterAll(() => fleet.stop());

it("several words times all pages: each ad is counted once, and those without a price or a page are kept as such", async () => {
  fleet.startDispatcher();
  fleet.startWorker();
  fleet.startCollector({ SOURCE: "olx", SEARCH_TERM: "rower;rama" });
  const runOf = async (term: string) => {
    const query = "SELECT r.id FROM runs r JOIN searches s ON s.id = r.search_id WHERE s.term = $1";
    const { rows } = await fleet.book.query<{ id: string }>(query, [term]);
    return rows[0] ?? null;
  };
  const rower = await waitFor("the first run", 60_000, () => runOf("rower"));
  expect(await endOf(fleet.book, rower.id, 60_000)).toMatchObject({
    state: "completed",
    pages_read: 2,
    found: 4,
  });
  expect(await countsByState(fleet.book, rower.id)).toEqual({ done: 3 });
  const rama = await waitFor("the second run", 60_000, () => runOf("rama"));
  expect(await endOf(fleet.book, rama.id, 60_000)).toMatchObject({
    state: "completed",
    pages_read: 1,
    found: 2,
  });

  const { rows } = await fleet.book.query(
    "SELECT external_id, amount::text, currency, details->>'offer_kind' AS kind FROM listings ORDER BY external_id",
  );
  expect(rows).toEqual([
    { external_id: "1-pl", amount: "1100", currency: "PLN", kind: null },
    { external_id: "2-pl", amount: null, currency: null, kind: "swap" },
    { external_id: "3-pl", amount: "2800", currency: "PLN", kind: null },
    { external_id: "4-pl", amount: "17.99", currency: "PLN", kind: null },
    { external_id: "9-pl", amount: "5", currency: "PLN", kind: null },
  ]);
});
