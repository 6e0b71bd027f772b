/** node bench/extraction.ts: processor time to read product pages, and memory over many (PAGES=10000). */
import { createSources } from "../packages/sources/index.ts";
import { hasCaptures } from "../test/captures/index.ts";
import { benchmarkPages, readBenchmarkPage } from "../test/captures/product-benchmark.ts";

const ROUNDS = 7;
const PAGES = Number(process.env["PAGES"] ?? 10_000);
const LARGEST_OF_MANY_BYTES = 300_000;

if (hasCaptures) measure();
else console.log("Not measured: there are no captured pages beside the repository");

function measure(): void {
  const source = createSources({}).byName("product-page");
  const pages = benchmarkPages().map((page) => ({
    url: page.url,
    html: readBenchmarkPage(page),
    status: null,
  }));
  const times = pages.map((page) => ({
    kilobytes: page.html.length / 1024,
    ms: medianCpuMs(() => source.read(page, "listing")),
  }));
  const kilobytes = times.reduce((sum, time) => sum + time.kilobytes, 0);
  const ms = times.reduce((sum, time) => sum + time.ms, 0);
  const slowest = Math.max(
    ...times.filter(({ kilobytes }) => kilobytes > 400 && kilobytes < 550).map(({ ms }) => ms),
  );
  console.log(`product pages: ${((ms / kilobytes) * 500).toFixed(1)} ms of processor time for 500 KB`);
  console.log(`slowest of 400 to 550 KB: ${slowest.toFixed(1)} ms`);

  const small = pages.filter(({ html }) => html.length < LARGEST_OF_MANY_BYTES);
  for (let count = 1; count <= PAGES; count++) {
    const page = small[count % small.length];
    if (page !== undefined) source.read(page, "listing");
    if (count % (PAGES / 10) === 0) {
      const rssMb = process.memoryUsage.rss() / 1_048_576;
      console.log(`after ${count} pages: ${rssMb.toFixed(0)} MB resident`);
    }
  }
}

/** Processor time rather than the clock's, so that the figure is the same on a busy machine. */
function medianCpuMs(read: () => unknown): number {
  const times = Array.from({ length: ROUNDS }, () => {
    const start = process.cpuUsage();
    read();
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1_000;
  });
  return times.toSorted((a, b) => a - b)[Math.floor(ROUNDS / 2)] ?? Number.NaN;
}
