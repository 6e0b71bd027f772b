import { parseEnvironment } from "@pricefleet/contracts";
import { describe, expect, it } from "vitest";
import { fetchingEnvironment } from "./environment.ts";

const parse = (environment: Record<string, string>) => parseEnvironment(fetchingEnvironment, environment);

describe("the environment of fetching", () => {
  it("has defaults for everything", () => {
    expect(parse({})).toMatchObject({
      FETCH_MODE: "auto",
      PROXY_URL: [],
      TOR_ENABLED: false,
      TOR_SOCKS_ADDRESS: { host: "127.0.0.1", port: 9050 },
      TOR_CONTROL_ADDRESS: { host: "127.0.0.1", port: 9051 },
      ALLOW_PRIVATE_HOSTS: [],
    });
  });

  it("takes several proxies and private hosts", () => {
    const { PROXY_URL, ALLOW_PRIVATE_HOSTS } = parse({
      PROXY_URL: "http://u:p@one:8080; socks5://two:1080",
      ALLOW_PRIVATE_HOSTS: "127.0.0.1:4001;localhost",
    });
    expect([PROXY_URL, ALLOW_PRIVATE_HOSTS]).toEqual([
      ["http://u:p@one:8080", "socks5://two:1080"],
      ["127.0.0.1:4001", "localhost"],
    ]);
  });

  it.each([
    [{ FETCH_MODE: "fast" }, /FETCH_MODE is "fast"; it should be auto, http or browser/],
    [{ PROXY_URL: "ftp://u:s3cret@one" }, /^(?!.*s3cret)PROXY_URL is .* it should be URLs such as http:/],
    [
      { PROXY_URL: "http://one;http://u:s3/cret@two" },
      /^(?!.*s3)PROXY_URL is .*; number 2 is no URL; a password with/,
    ],
    [
      { PROXY_URL: "http://u:12/cret@two" },
      /^(?!.*cret)PROXY_URL is .*; number 1 has something after the port/,
    ],
    [{ PROXY_URL: "socks4://two:1080" }, /number 1 has the protocol socks4:/],
    [{ TOR_SOCKS_ADDRESS: "tor" }, /TOR_SOCKS_ADDRESS is "tor"; it should be a host and port such as/],
    [
      { TOR_CONTROL_ADDRESS: "tor:0" },
      /TOR_CONTROL_ADDRESS is "tor:0"; it should be a host and port such as/,
    ],
    [
      { CHROMIUM_PATH: "/nowhere/chromium" },
      /CHROMIUM_PATH is "\/nowhere\/chromium"; it should be the path of/,
    ],
    [{ ALLOW_PRIVATE_HOSTS: "http://127.0.0.1" }, /ALLOW_PRIVATE_HOSTS is .* it should be hosts such as/],
  ])("says what is wrong: %o", (environment, message) => {
    expect(() => parse(environment)).toThrow(message);
  });
});
