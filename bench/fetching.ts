/**
 * Pages a second over HTTP and by the browser, and what each costs in memory: node bench/fetching.ts [seconds]
 * The site and each measurement are processes of their own. The page has 60 KB, a style, a cacheable script and
 * twenty images; memory is taken after a hundred pages at a worker's pace, since a full rate fills it with garbage.
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { createFetcher, findChromium } from "@pricefleet/fetching";
import { createLogger } from "@pricefleet/logging";

const PACE_MS = 50;
const [role = "8", ...rest] = process.argv.slice(2);
if (role === "site") serveSite();
else if (role === "measure")
  await measure(rest[0] === "browser" ? "browser" : "http", rest[1] ?? "", Number(rest[2]));
else await compare(role);

async function compare(seconds: string): Promise<void> {
  const site = start("site");
  const [base] = (await once(site, "message")) as [string];
  const rates: number[] = [];
  for (const mode of ["http", "browser"]) {
    const [rate] = (await once(start("measure", mode, base, seconds), "message")) as [number];
    rates.push(rate);
  }
  site.kill();
  console.log(`HTTP is ${((rates[0] ?? 0) / (rates[1] ?? 1)).toFixed(1)} times as fast, four at once`);
}

function start(...args: string[]): ChildProcess {
  return fork(import.meta.filename, args, { stdio: ["ignore", "inherit", "inherit", "ipc"] });
}

async function measure(mode: "http" | "browser", base: string, seconds: number): Promise<void> {
  const fetcher = createFetcher({
    logger: createLogger({ service: "bench", level: "warn", format: "console" }),
    profileDir: null,
    chromiumPath: findChromium(),
    allowedPrivateHosts: ["127.0.0.1"],
    proxyUrls: [],
  });
  const fetchOne = () =>
    fetcher.fetchAndRead({
      url: `${base}/listing`,
      mode,
      rememberedMode: null,
      read: ({ html }) => ({ state: html.includes("349.00") ? "ok" : "changed" }),
    });
  for (let page = 0; page < 100; page += 1) await Promise.all([fetchOne(), sleep(PACE_MS)]);
  console.log(`${mode}: ${memory()}`);
  let rate = 0;
  for (const concurrency of [1, 4]) {
    rate = await pagesASecond(fetchOne, concurrency, seconds * 1000);
    console.log(`${mode}: ${rate.toFixed(1)} pages/s, ${concurrency} at once`);
  }
  await fetcher.close();
  process.send?.(rate);
  process.disconnect();
}

async function pagesASecond(fetchOne: () => Promise<unknown>, concurrency: number, forMs: number) {
  const startedMs = performance.now();
  let pages = 0;
  const worker = async () => {
    while (performance.now() - startedMs < forMs) {
      await fetchOne();
      pages += 1;
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  return pages / ((performance.now() - startedMs) / 1000);
}

/** This process's resident memory, and the proportional one of all it has started. */
function memory(): string {
  const megabytes = (bytes: number) => `${Math.round(bytes / 1024 / 1024)} MB`;
  const parents = new Map(
    readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .map((name) => [Number(name), Number(/\) \S (\d+)/.exec(read(`/proc/${name}/stat`))?.[1])]),
  );
  const isOurs = (pid: number): boolean => {
    const parent = parents.get(pid) ?? 0;
    return parent === process.pid || (parent > 1 && isOurs(parent));
  };
  const pss = [...parents.keys()]
    .filter(isOurs)
    .map((pid) => Number(/^Pss:\s+(\d+) kB/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0) * 1024);
  const chromium = pss.reduce((sum, bytes) => sum + bytes, 0);
  const node = process.memoryUsage.rss();
  return `Node ${megabytes(node)} RSS, Chromium ${megabytes(chromium)} PSS, together ${megabytes(node + chromium)}`;
}

function read(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    // The process has ended since it was listed.
    return "";
  }
}

function serveSite(): void {
  const rows = Array.from(
    { length: 400 },
    (_row, index) =>
      `<li class="item"><a href="/listing?${index}">ThinkPad X1 Carbon Gen ${index}, 16 GB, 512 GB SSD, used</a> <b>EUR 349.00</b></li>`,
  ).join("\n");
  const images = Array.from({ length: 20 }, (_image, index) => `<img src="/image/${index}">`).join("");
  const page = `<!doctype html><title>Shop</title><link rel="stylesheet" href="/style.css"><script src="/app.js"></script>${images}<ul>${rows}</ul>`;
  const server = createServer((request, response) => {
    const path = request.url ?? "/";
    if (path.startsWith("/listing")) response.writeHead(200, { "content-type": "text/html" }).end(page);
    else if (path === "/style.css") cacheable("text/css", ".item{display:flex}");
    else if (path === "/app.js")
      cacheable("text/javascript", `${"// shop\n".repeat(10_000)}window.shop = {};`);
    else response.writeHead(404).end();

    function cacheable(type: string, body: string): void {
      response.writeHead(200, { "content-type": type, "cache-control": "max-age=600" }).end(body);
    }
  });
  server.listen(0, "127.0.0.1", () =>
    process.send?.(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
  );
  process.once("disconnect", () => process.exit());
}
