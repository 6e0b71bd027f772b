/**
 * npm run -s extract -- --url URL FILE
 * npm run -s extract -- --manifest M.jsonl        with a line {"file":"…","url":"…"} a page
 *
 * Prints what the extractors read from saved pages (HTML, or gzip of it): a JSON line a page, in order.
 * A page that cannot be read gives a line with "error"; the others go on, and the exit code is 1 at the end.
 */
import { existsSync, readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { parseArgs } from "node:util";
import { gunzipSync } from "node:zlib";
import { ExitCode, messageOf, readEnvironment } from "@pricefleet/contracts";
import {
  createSources,
  decodeHtml,
  type Sources,
  sourcesEnvironment,
  sourcesOptions,
} from "@pricefleet/sources";
import { z } from "zod";

const usage = `usage: npm run -s extract -- --url URL FILE
       npm run -s extract -- --manifest M.jsonl    lines of {"file":"saved.html","url":"https://…"}`;

/** More than any page: a gzip bomb ends here. */
const LARGEST_PAGE_BYTES = 64 * 1024 * 1024;

const savedPage = z.object({ file: z.string().min(1), url: z.string().min(1) });
type SavedPage = z.infer<typeof savedPage>;

class UsageError extends Error {}

try {
  process.exitCode = main(createSources(sourcesOptions(readEnvironment(sourcesEnvironment))));
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exitCode = ExitCode.unexpected;
}

function main(sources: Sources): number {
  const { values, positionals } = readArguments();
  if (values.manifest !== undefined && values.url === undefined && positionals.length === 0) {
    return printAll(manifestLines(values.manifest), (line) =>
      extractLine(line, values.manifest ?? "", sources),
    );
  }
  const [file, ...others] = positionals;
  if (values.url === undefined || file === undefined || others.length > 0) throw new UsageError(usage);
  return printAll([{ file, url: values.url }], (page) => extract(page, whereCalled(page.file), sources));
}

function readArguments() {
  try {
    return parseArgs({
      options: { url: { type: "string" }, manifest: { type: "string" } },
      allowPositionals: true,
    });
  } catch (error) {
    throw new UsageError(`${messageOf(error)}\n${usage}`);
  }
}

/** The exit code: zero when every line of input could be read. */
function printAll<Input>(inputs: readonly Input[], read: (input: Input) => object): number {
  let failures = 0;
  for (const input of inputs) {
    const output = read(input);
    if ("error" in output) failures += 1;
    process.stdout.write(`${JSON.stringify(output)}\n`);
  }
  return failures === 0 ? ExitCode.ok : ExitCode.unexpected;
}

function manifestLines(manifest: string): string[] {
  return readFileSync(whereCalled(manifest), "utf8")
    .split("\n")
    .filter((line) => line.trim() !== "");
}

function extractLine(line: string, manifest: string, sources: Sources): object {
  let page: SavedPage;
  try {
    page = savedPage.parse(JSON.parse(line));
  } catch {
    return { error: `not a line such as {"file":"saved.html","url":"https://…"}: ${line.slice(0, 200)}` };
  }
  const besideManifest = resolve(dirname(whereCalled(manifest)), page.file);
  return extract(page, existsSync(besideManifest) ? besideManifest : whereCalled(page.file), sources);
}

function extract(page: SavedPage, path: string, sources: Sources): object {
  const { file, url } = page;
  let html: string;
  try {
    html = decodeHtml(unzipped(readFileSync(path)));
  } catch (error) {
    const nothing = { page: null, state: null, source: null, items: [] };
    return { file, url, ...nothing, error: `${file} cannot be read: ${messageOf(error)}` };
  }
  const reading = sources.read({ url, html, status: null });
  return {
    file,
    url,
    page: reading.page,
    state: reading.state,
    source: reading.source,
    items: reading.quotes ?? reading.items,
    ...(reading.reason !== null && { reason: reading.reason }),
    ...(reading.details !== null && { details: reading.details }),
    ...(reading.broken_json_ld !== undefined && { broken_json_ld: reading.broken_json_ld }),
  };
}

/** npm runs this in the repository's own folder; INIT_CWD is where the caller was. */
function whereCalled(file: string): string {
  const path = resolve(process.env["INIT_CWD"] ?? "", file);
  return existsSync(path) ? path : resolve(file);
}

/** Gzip is known by its first two bytes, whatever the file is called. */
function unzipped(bytes: Buffer): Buffer {
  const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b;
  return isGzip ? gunzipSync(bytes, { maxOutputLength: LARGEST_PAGE_BYTES }) : bytes;
}
