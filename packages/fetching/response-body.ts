import { Readable, type Transform } from "node:stream";
import {
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createInflateRaw,
  createZstdDecompress,
} from "node:zlib";
import { messageOf, PermanentError, PricefleetError, TemporaryError } from "@pricefleet/contracts";

interface BodyOptions {
  contentEncoding: string | undefined;
  /** Bound on the bytes after decompression; reading stops there, so a zip bomb costs no more. */
  maxBytes: number;
  /** Keep the first `maxBytes` of what is longer, instead of refusing it. */
  cut?: boolean;
}

/**
 * Reads a response to its end and decompresses it on the way.
 * @throws PermanentError `too-large`, `not-a-page` (an encoding nobody asked for); TemporaryError `truncated`.
 */
export async function readBody(
  body: Readable,
  { contentEncoding, maxBytes, cut = false }: BodyOptions,
): Promise<Buffer> {
  const codings = (contentEncoding ?? "")
    .toLowerCase()
    .split(",")
    .map((coding) => coding.trim());
  let stream: AsyncIterable<Buffer> = body;
  for (const coding of codings.toReversed()) stream = await decoded(stream, coding);
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  try {
    for await (const chunk of stream) {
      sizeBytes += chunk.length;
      if (sizeBytes > maxBytes && cut) {
        chunks.push(chunk.subarray(0, chunk.length - (sizeBytes - maxBytes)));
        sizeBytes = maxBytes;
        break;
      }
      if (sizeBytes > maxBytes) {
        throw new PermanentError("too-large", `The page is larger than ${maxBytes} bytes`);
      }
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof PricefleetError || isTimeOutOrAbort(error)) throw error;
    throw new TemporaryError("truncated", `The page ended early: ${messageOf(error)}`, { cause: error });
  } finally {
    body.destroy();
  }
  return Buffer.concat(chunks, sizeBytes);
}

async function decoded(source: AsyncIterable<Buffer>, coding: string): Promise<AsyncIterable<Buffer>> {
  if (coding === "" || coding === "identity") return source;
  const { first, all } = await peek(source);
  // An error page often names an encoding and has no body.
  if (first === null) return all;
  return through(all, decompressor(coding, first));
}

function decompressor(coding: string, first: Buffer): Transform {
  switch (coding) {
    case "gzip":
    case "x-gzip":
      return createGunzip();
    case "br":
      return createBrotliDecompress();
    case "zstd":
      return createZstdDecompress();
    case "deflate":
      // Some servers send raw deflate; RFC 1950's method 8 in the low nibble tells the two apart.
      return ((first[0] ?? 0) & 0x0f) === 8 ? createInflate() : createInflateRaw();
    default:
      throw new PermanentError("not-a-page", `The page is encoded as "${coding}", which was not asked for`);
  }
}

async function* through(source: AsyncIterable<Buffer>, transform: Transform): AsyncGenerator<Buffer> {
  const input = Readable.from(source, { objectMode: false });
  input.once("error", (error) => transform.destroy(error));
  input.pipe(transform);
  try {
    yield* transform as AsyncIterable<Buffer>;
  } finally {
    input.destroy();
    transform.destroy();
  }
}

async function peek(
  source: AsyncIterable<Buffer>,
): Promise<{ first: Buffer | null; all: AsyncIterable<Buffer> }> {
  const iterator = source[Symbol.asyncIterator]();
  const start = await iterator.next();
  const first = start.done === true ? null : start.value;
  async function* all(): AsyncGenerator<Buffer> {
    if (first === null) return;
    yield first;
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) yield next.value;
  }
  return { first, all: all() };
}

/** These are said in the client's own words, which knows what it waited for. */
export function isTimeOutOrAbort(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = "code" in error ? String(error.code) : "";
  return error.name === "AbortError" || error.name === "TimeoutError" || code.endsWith("_TIMEOUT");
}

/** Text of a page by its byte order mark, its Content-Type, its meta tag; UTF-8 or else windows-1252 if none says. */
export function decodeText(bytes: Buffer, contentType: string | undefined): string {
  const declared =
    byteOrderMark(bytes) ??
    /charset\s*=\s*["']?([^\s;"']+)/i.exec(contentType ?? "")?.[1] ??
    // The HTML standard looks for it in the first 1024 bytes.
    /<meta[^>]{0,500}?charset\s*=\s*["']?([^\s;"'/>]+)/i.exec(bytes.toString("latin1", 0, 1024))?.[1];
  if (declared !== undefined) {
    try {
      return new TextDecoder(declared).decode(bytes);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      return new TextDecoder("utf-8").decode(bytes);
    }
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return new TextDecoder("windows-1252").decode(bytes);
  }
}

function byteOrderMark(bytes: Buffer): string | undefined {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return "utf-8";
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return "utf-16be";
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return "utf-16le";
  return undefined;
}

/** Is this content a page that can be read as text? A missing type counts as HTML, as browsers guess. */
export function isText(contentType: string | undefined): boolean {
  const type = (contentType ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
  return type === "" || /^text\/|^application\/(.*\+)?(json|xml)$/.test(type);
}
