import type { AddressInfo } from "node:net";
import { connectDatabase, type Database } from "@pricefleet/database";
import { createLogger } from "@pricefleet/logging";
import { createSources } from "@pricefleet/sources";
import { afterAll } from "vitest";
import { type AppOptions, createApp } from "../../services/api/create-app.ts";
import { createDebugPages } from "../../services/api/debug-pages.ts";
import { serveEventSockets, startEvents } from "../../services/api/events/index.ts";
import { listen, stopServing } from "../../services/api/serve.ts";
import { checkAgainst, type OpenApiDocument } from "./documented-answers.ts";

export const CONTROL_TOKEN = "a-token-only-for-tests";

export interface Answer {
  status: number;
  headers: Headers;
  // oxlint-disable-next-line typescript/no-explicit-any -- any JSON; what it has to be is checked against openapi.json
  body: any;
}

export interface TestApi {
  url: string;
  /** Asks, and checks the answer against /openapi.json. */
  get(path: string): Promise<Answer>;
  /** With the control token. */
  send(method: "POST" | "PATCH" | "DELETE", path: string, body?: unknown): Promise<Answer>;
  /** Without any check. */
  fetch(path: string, init?: RequestInit): Promise<Response>;
}

export const quietLogger = createLogger({
  service: "test",
  level: process.env["LOG_LEVEL"] ?? "error",
  format: "json",
});

/** A real API on a free port, connected as the API's role. Call it at the top level of a test file. */
export async function startTestApi(
  apiUrl: string,
  changes: Partial<AppOptions> & {
    statementTimeoutMs?: number;
    maxStreams?: number;
    heartbeatMs?: number;
  } = {},
): Promise<TestApi> {
  const db = await connectForTest(apiUrl, changes.statementTimeoutMs);
  const { maxStreams = 100, heartbeatMs = 15_000 } = changes;
  const events = startEvents({ db, url: apiUrl, logger: quietLogger, maxStreams, heartbeatMs });
  const app = createApp({
    db,
    sources: createSources({}),
    debugPages: createDebugPages("/nowhere", quietLogger),
    logger: quietLogger,
    snapshotDir: "/nowhere",
    controlToken: CONTROL_TOKEN,
    corsOrigins: [],
    trustedProxies: 0,
    rateLimitPerMinute: 0,
    events: events.streams,
    market: events.market,
    baseCurrency: "USD",
    ...changes,
  });
  const server = await listen(app, 0);
  serveEventSockets(server, { streams: events.streams, corsOrigins: [], logger: quietLogger });
  afterAll(async () => {
    await events.close();
    await stopServing(server, 5_000);
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const documentResponse = await fetch(`${url}/openapi.json`);
  if (!documentResponse.ok) throw new Error(`/openapi.json: ${await documentResponse.text()}`);
  const document = (await documentResponse.json()) as OpenApiDocument;
  const check = checkAgainst(document);
  const ask = async (method: string, path: string, init: RequestInit): Promise<Answer> => {
    const response = await fetch(url + path, { method, ...init });
    const body: unknown = await response.json();
    const { status, headers } = response;
    check(method, new URL(url + path).pathname, {
      status,
      contentType: headers.get("content-type") ?? "",
      body,
    });
    return { status, headers, body };
  };
  return {
    url,
    get: (path) => ask("GET", path, {}),
    send: (method, path, body) =>
      ask(method, path, {
        headers: { authorization: `Bearer ${CONTROL_TOKEN}`, "content-type": "application/json" },
        body: body === undefined ? null : JSON.stringify(body),
      }),
    fetch: (path, init) => fetch(url + path, init),
  };
}

/** A connection of the test's own, closed after the file's last test. */
export async function connectForTest(databaseUrl: string, statementTimeoutMs = 5_000): Promise<Database> {
  const db = await connectDatabase({
    url: databaseUrl,
    poolMax: 4,
    name: "test",
    logger: quietLogger,
    startUpTries: 1,
    statementTimeoutMs,
  });
  afterAll(() => db.destroy());
  return db;
}
