import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { serveLocally } from "./serve-locally.ts";

export interface QuoteSite {
  /** For TRADINGVIEW_BASE_URL. */
  url: string;
  /** What the page of a symbol shows; null: the site answers 500. */
  show(symbol: string, text: string | null): void;
  /** A symbol's page says nothing but that access is denied. */
  wallOff(symbol: string): void;
  /** From now on a symbol's page is not answered, until the function is called that this gives. */
  hold(symbol: string): () => void;
  /** Paths asked for, with the cookies that came along. */
  requests: { path: string; cookie: string | undefined }[];
  close(): Promise<void>;
}

/** Pages in TradingView's manner: empty as they come, filled in by a script, with a picture and a cookie. */
export async function startQuoteSite({ slowMs = 0 }: { slowMs?: number } = {}): Promise<QuoteSite> {
  const texts = new Map<string, string | null>();
  const requests: QuoteSite["requests"] = [];
  const walled = new Set<string>();
  const held = new Map<string, Promise<void>>();
  const server = createServer((request, response) => {
    requests.push({ path: request.url ?? "", cookie: request.headers.cookie });
    void answer(request, response);
  });

  async function answer({ url = "/" }: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(url, "http://quotes");
    if (pathname === "/value") return void response.end(texts.get(searchParams.get("of") ?? "") ?? "");
    const symbol = /^\/(?:symbols|rates)\/([^/]+)/.exec(pathname)?.[1];
    if (symbol === undefined) return void response.writeHead(404).end();
    await held.get(symbol);
    await sleep(slowMs);
    if (walled.has(symbol)) {
      return void response.writeHead(403, { "content-type": "text/html" }).end(wall);
    }
    const text = texts.get(symbol);
    if (text === undefined || text === null) return void response.writeHead(500).end("down");
    response.writeHead(200, { "content-type": "text/html; charset=utf-8", "set-cookie": "seen=1; Path=/" });
    response.end(pathname.startsWith("/rates") ? ratePage(text) : symbolPage(symbol));
  }

  const { url, close } = await serveLocally(server);
  return {
    url,
    show: (symbol, text) => void texts.set(symbol, text),
    wallOff: (symbol) => void walled.add(symbol),
    hold(symbol) {
      const { promise, resolve } = Promise.withResolvers<void>();
      held.set(symbol, promise);
      return () => {
        held.delete(symbol);
        resolve();
      };
    },
    requests,
    close,
  };
}

const wall = "<!doctype html><title>Access Denied</title><h1>Access Denied</h1>";

function symbolPage(symbol: string): string {
  return `<!doctype html><html lang="en"><title>${symbol}</title><img src="/logo">
    <span class="last" data-qa-id="symbol-last-value">&nbsp;</span>
    <script>fetch("/value?of=${encodeURIComponent(symbol)}").then((answer) => answer.text()).then((text) => {
      document.querySelector(".last").textContent = text || "—";
    });</script></html>`;
}

function ratePage(text: string): string {
  return `<!doctype html><table><tr><th>Bid<td id="bid">${text}<th>Ask<td>99</table>`;
}
