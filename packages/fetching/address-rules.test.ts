import { describe, expect, it } from "vitest";
import { allowPrivateHosts, canonicalHost, isLoopbackName, isPublicAddress } from "./address-rules.ts";

describe("an address", () => {
  it.each([
    ["this network", "0.0.0.0"],
    ["private", "10.1.2.3"],
    ["private", "172.16.0.1"],
    ["private", "172.31.255.255"],
    ["private", "192.168.1.1"],
    ["carrier-grade NAT", "100.64.0.1"],
    ["loopback", "127.0.0.1"],
    ["loopback", "127.255.255.254"],
    ["link-local, where clouds keep their credentials", "169.254.169.254"],
    ["multicast", "224.0.0.1"],
    ["reserved", "240.0.0.1"],
    ["broadcast", "255.255.255.255"],
    ["benchmarking", "198.18.0.1"],
    ["documentation", "203.0.113.7"],
    ["unspecified", "::"],
    ["loopback", "::1"],
    ["IPv4-mapped loopback", "::ffff:127.0.0.1"],
    ["IPv4-mapped private, in hexadecimal", "::ffff:a00:1"],
    ["IPv4-compatible", "::127.0.0.1"],
    ["NAT64 of a private address", "64:ff9b::10.0.0.1"],
    ["6to4 of a private address", "2002:a00:1::"],
    ["Teredo", "2001:0:1::"],
    ["unique local", "fd00::1"],
    ["link-local", "fe80::1"],
    ["link-local with a zone", "fe80::1%eth0"],
    ["multicast", "ff02::1"],
    ["no address", "example.com"],
  ])("that is %s is not public: %s", (_what, address) => {
    expect(isPublicAddress(address)).toBe(false);
  });

  it.each(["1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "::ffff:8.8.8.8"])(
    "of the internet is public: %s",
    (address) => {
      expect(isPublicAddress(address)).toBe(true);
    },
  );
});

describe("a host", () => {
  it.each([
    ["0x7f.1", "127.0.0.1"],
    ["2130706433", "127.0.0.1"],
    ["127.0.0.1.", "127.0.0.1"],
    ["[::ffff:127.0.0.1]", "::ffff:7f00:1"],
    ["EXAMPLE.com", "example.com"],
  ])("is compared as the URL standard writes it: %s is %s", (written, canonical) => {
    expect(canonicalHost(written)).toBe(canonical);
  });

  it.each(["", "a b", "user@host", "host/path", "host:80"])("is not %j", (text) => {
    expect(canonicalHost(text)).toBeNull();
  });

  it("named localhost, or below it, is the machine itself", () => {
    expect(["localhost", "api.localhost", "localhost."].every(isLoopbackName)).toBe(true);
    expect(isLoopbackName("localhost.example.com")).toBe(false);
  });
});

describe("an allowed private host", () => {
  it("with a port is allowed on that port only", () => {
    const isAllowed = allowPrivateHosts(["127.0.0.1:4001", "[::1]:4002"]);
    expect([isAllowed("127.0.0.1", 4001), isAllowed("127.0.0.1", 4002), isAllowed("::1", 4002)]).toEqual([
      true,
      false,
      true,
    ]);
  });

  it("without a port is allowed on all of them", () => {
    const isAllowed = allowPrivateHosts(["localhost", "::1"]);
    expect(isAllowed("localhost", 80) && isAllowed("localhost", 9) && isAllowed("::1", 5)).toBe(true);
  });

  it("that cannot be read is named in the error", () => {
    expect(() => allowPrivateHosts(["http://127.0.0.1"])).toThrow(/"http:\/\/127.0.0.1" is not a host/);
  });
});
