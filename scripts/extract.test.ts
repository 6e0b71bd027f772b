import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "extract-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const itemAddress = "https://www.ebay.com/itm/200000000001";
const itemPage = `<h1 class="x-item-title__mainTitle">Blue kettle</h1>
  <div class="x-bin-price"><div class="x-price-primary">US $12.50</div></div>`;

function extract(...args: string[]) {
  const script = join(import.meta.dirname, "extract.ts");
  const { stdout, stderr, status } = spawnSync(process.execPath, [script, ...args], {
    cwd: folder,
    encoding: "utf8",
    env: { ...process.env, EBAY_BASE_URL: "", TRADINGVIEW_BASE_URL: "" },
  });
  const lines = stdout.split("\n").filter((line) => line !== "");
  return { lines: lines.map((line) => JSON.parse(line)), stderr, status };
}

test("a saved page is one line, whether it is zipped or not", () => {
  writeFileSync(join(folder, "item.html"), itemPage);
  writeFileSync(join(folder, "item.gz"), gzipSync(itemPage));
  for (const file of ["item.html", "item.gz"]) {
    const { lines, status } = extract("--url", itemAddress, file);
    expect(status).toBe(0);
    expect(lines).toMatchObject([
      {
        file,
        url: itemAddress,
        page: "listing",
        state: "ok",
        source: "ebay",
        items: [{ external_id: "200000000001", amount: "12.50", currency: "USD" }],
        details: { images: [] },
      },
    ]);
    expect(Object.keys(lines[0])).toEqual(["file", "url", "page", "state", "source", "items", "details"]);
    expect(Object.keys(lines[0].items[0]).slice(0, 14).join(" ")).toBe(
      "external_id url title amount amount_max buy_it_now currency shipping condition availability bids ended match methods",
    );
  }
});

test("JSON-LD that does not parse is counted, and a page without items says why", () => {
  const broken = '<script type="application/ld+json">{"@type":</script>';
  writeFileSync(join(folder, "broken.html"), `<h1>Kettle</h1>${broken}<p class="price">€ 5.00</p>`);
  writeFileSync(join(folder, "nothing.html"), `<h1>Kettle</h1>${broken}${broken}`);
  const address = "https://shop.example/kettle";
  expect(extract("--url", address, "broken.html").lines).toMatchObject([{ state: "ok", broken_json_ld: 1 }]);
  expect(extract("--url", address, "nothing.html").lines).toMatchObject([
    {
      state: "changed",
      items: [],
      broken_json_ld: 2,
      reason: expect.stringContaining("no product with a price"),
    },
  ]);
});

test("a quote page's items carry symbol, amount and currency", () => {
  writeFileSync(join(folder, "gold.html"), '<div class="js-symbol-last">1,950.35</div>');
  const { lines, status } = extract("--url", "https://www.tradingview.com/symbols/TVC-GOLD/", "gold.html");
  expect(status).toBe(0);
  expect(lines).toMatchObject([
    {
      page: "quote",
      state: "ok",
      source: "tradingview",
      items: [{ symbol: "TVC:GOLD", amount: "1950.35", currency: null }],
    },
  ]);
});

test("a manifest is answered line by line, in order, and what cannot be read does not stop the rest", () => {
  mkdirSync(join(folder, "saved"));
  writeFileSync(join(folder, "saved/wall.html"), "<title>Access Denied</title>");
  writeFileSync(join(folder, "here.html"), itemPage);
  writeFileSync(join(folder, "broken.gz"), Buffer.from([0x1f, 0x8b, 1, 2, 3]));
  const entries = [
    { file: "wall.html", url: "https://shop.example/1" },
    { file: "missing.html", url: itemAddress },
    { file: "here.html", url: itemAddress },
    { file: "broken.gz", url: itemAddress },
    { file: "here.html", url: "ftp://shop.example/2" },
  ].map((entry) => JSON.stringify(entry));
  writeFileSync(join(folder, "saved/all.jsonl"), [...entries, "rubbish", ""].join("\n"));

  const { lines, status } = extract("--manifest", "saved/all.jsonl");
  expect(status).toBe(1);
  expect(lines).toMatchObject([
    { file: "wall.html", page: "listing", state: "blocked", source: "product-page", items: [] },
    {
      file: "missing.html",
      url: itemAddress,
      page: null,
      state: null,
      source: null,
      items: [],
      error: expect.stringContaining("missing.html"),
    },
    { file: "here.html", state: "ok", items: [{ amount: "12.50" }] },
    { file: "broken.gz", error: expect.stringContaining("broken.gz") },
    { file: "here.html", state: "changed", source: null, items: [] },
    { error: expect.stringContaining("rubbish") },
  ]);
});

test.each([[[]], [["--url", itemAddress]], [["file.html"]], [["--nonsense"]], [["--url", "u", "a", "b"]]])(
  "%j is told how to call it",
  (args) => {
    const { stderr, status } = extract(...args);
    expect(stderr).toContain("usage: npm run -s extract");
    expect(status).toBe(1);
  },
);

test("a file is looked for where npm was called, which runs scripts in the repository's own folder", () => {
  writeFileSync(join(folder, "called.html"), itemPage);
  const { status, stdout } = spawnSync(
    "npm",
    [
      "--prefix",
      join(import.meta.dirname, ".."),
      "run",
      "-s",
      "extract",
      "--",
      "--url",
      itemAddress,
      "called.html",
    ],
    {
      cwd: folder,
      encoding: "utf8",
      env: { ...process.env, INIT_CWD: undefined, EBAY_BASE_URL: "", TRADINGVIEW_BASE_URL: "" },
    },
  );
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ file: "called.html", state: "ok" });
});

test("a manifest that is not there is named", () => {
  const { stderr, status } = extract("--manifest", "nowhere.jsonl");
  expect(stderr).toContain("nowhere.jsonl");
  expect(status).toBe(1);
});
