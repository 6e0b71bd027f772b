import { describe, expect, it } from "vitest";
import { createRedactor } from "./redact.ts";

const environment = {
  DATABASE_URL: "postgres://pricefleet_worker:p%40ss%2Fword@db:5432/pricefleet",
  AMQP_URL: "amqp://pricefleet:pricefleet@rabbitmq:5672",
  PROXY_URL: "http://ann:proxy-one@gate.example:8080;socks5://bob:proxy-two@gate.example:1080",
  CONTROL_TOKEN: 'to"ken\\1234567890',
  TRADINGVIEW_PASSWORD: "$ecret(.*)",
  TOR_CONTROL_PASSWORD: "12345",
  SENTRY_DSN: "https://0123456789abcdef@o1.ingest.example/42",
  SEARCH_TERM: "thinkpad x1",
};
const redact = createRedactor(environment);

describe("what is taken out of a text", () => {
  it.each([
    [
      "a URL's user and password",
      "GET http://joe:hunter2@shop.example/item failed",
      "GET http://***@shop.example/item failed",
    ],
    ["a password with an @ that nobody escaped", "ftp://u:p@ss@h/x", "ftp://***@h/x"],
    ["two URLs in one line", "a://u:p@b and c://u:p@d", "a://***@b and c://***@d"],
    ["a whole variable", `got ${environment.DATABASE_URL}!`, "got postgres://***@db:5432/pricefleet!"],
    ["its password alone, as a library decoded it", 'password "p@ss/word" refused', 'password "***" refused'],
    ["and as the URL has it", "p%40ss%2Fword", "***"],
    ["each of several proxies'", "tried proxy-one, then proxy-two", "tried ***, then ***"],
    [
      "the header that a proxy is sent",
      `Basic ${Buffer.from("ann:proxy-one").toString("base64")}`,
      "Basic ***",
    ],
    ["any authorization", "authorization: Bearer abc.def-123", "authorization: Bearer ***"],
    ["a token", 'with to"ken\\1234567890.', "with ***."],
    ["a token inside JSON", JSON.stringify({ token: environment.CONTROL_TOKEN }), '{"token":"***"}'],
    ["what would be a pattern", "login with $ecret(.*)", "login with ***"],
  ])("%s", (_name, text, expected) => {
    expect(redact(text)).toBe(expected);
  });

  it.each([
    "thinkpad x1",
    "mailto:joe@example.com",
    "pricefleet at rabbitmq:5672",
    "12345 listings",
    "https://a.example/@user",
  ])("and ordinary words stay: %s", (text) => {
    expect(redact(text)).toBe(text);
  });
});
