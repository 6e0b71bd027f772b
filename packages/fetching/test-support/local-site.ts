import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { createLogger, type Logger } from "@pricefleet/logging";

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A real HTTP server on loopback that answers by path and remembers what it was asked. */
export interface LocalSite extends AsyncDisposable {
  readonly base: string;
  readonly port: number;
  readonly requests: IncomingMessage[];
  pathsAsked(): string[];
}

/** A path nobody answers is 404. */
export async function openLocalSite(answers: Record<string, Answer>): Promise<LocalSite> {
  const requests: IncomingMessage[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    requests.push(request);
    const path = (request.url ?? "/").split("?")[0] ?? "/";
    const answer = answers[path];
    if (answer === undefined) response.writeHead(404).end();
    else answer(request, response);
  });
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    base: `http://127.0.0.1:${port}`,
    port,
    requests,
    pathsAsked: () => requests.map(({ url }) => url ?? ""),
    async [Symbol.asyncDispose]() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, "close");
    },
  };
}

/** An answer of one HTML page. */
export function html(body: string, headers: Record<string, string> = {}, status = 200): Answer {
  return (_request, response) => {
    response.writeHead(status, { "content-type": "text/html; charset=utf-8", ...headers }).end(body);
  };
}

/** A silent logger whose lines a test can look into. */
export function listeningLogger(): { logger: Logger; lines: string[] } {
  const lines: string[] = [];
  const logger = createLogger({ service: "test", level: "debug", format: "json" });
  for (const transport of logger.transports) transport.silent = true;
  logger.on("data", (line: unknown) => lines.push(JSON.stringify(line)));
  return { logger, lines };
}
