import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";

export interface SentryEvent {
  type?: string;
  environment: string;
  release: string;
  tags: Record<string, string>;
  transaction?: string;
  exception: { values: { type: string; value: string }[] };
}

/** Plays the endpoint that Sentry's clients send envelopes to: a JSON line of headers, then an item header and an item a time. */
export async function startSentry() {
  /** As they came, to be searched for what should not be in them. */
  const envelopes: string[] = [];
  const events: SentryEvent[] = [];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      const body = Buffer.concat(parts);
      const text = (request.headers["content-encoding"] === "gzip" ? gunzipSync(body) : body).toString();
      envelopes.push(text);
      const lines = text.split("\n").map((line) => JSON.parse(line || "{}") as Record<string, unknown>);
      for (const [index, line] of lines.entries()) {
        const isItemHeader = index % 2 === 1;
        if (isItemHeader && (line["type"] === "event" || line["type"] === "transaction")) {
          events.push(lines[index + 1] as unknown as SentryEvent);
        }
      }
      response.writeHead(200, { "content-type": "application/json" }).end("{}");
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    dsn: `http://0123456789abcdef@127.0.0.1:${port}/42`,
    envelopes,
    events,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}
