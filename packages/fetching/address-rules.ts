import { BlockList, isIP } from "node:net";

/**
 * Every range that is not the public internet: IANA's special-purpose registries (RFC 6890 and after).
 * Ranges that carry an IPv4 address inside an IPv6 one (NAT64, 6to4, Teredo) are refused whole, since a
 * gateway on the way would unwrap them. IPv4-mapped addresses are matched by BlockList itself.
 */
const notPublic = new BlockList();
for (const [network, bits] of [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 4],
  ["240.0.0.0", 4],
] as const) {
  notPublic.addSubnet(network, bits, "ipv4");
}
for (const [network, bits] of [
  ["::", 96],
  ["64:ff9b::", 96],
  ["64:ff9b:1::", 48],
  ["100::", 64],
  ["2001::", 23],
  ["2001:db8::", 32],
  ["2002::", 16],
  ["3fff::", 20],
  ["5f00::", 16],
  ["fc00::", 7],
  ["fe80::", 10],
  ["fec0::", 10],
  ["ff00::", 8],
] as const) {
  notPublic.addSubnet(network, bits, "ipv6");
}

/** Is this IP address (no brackets, no zone) one of the public internet? False for what is no address. */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 0 || address.includes("%")) return false;
  return !notPublic.check(address, family === 4 ? "ipv4" : "ipv6");
}

/** Names that mean the machine itself whoever resolves them (RFC 6761). */
export function isLoopbackName(hostname: string): boolean {
  return /(^|\.)localhost\.?$/.test(hostname);
}

/** A host as the URL standard writes it (lower case, 0x7f.1 as 127.0.0.1), without brackets; null if it is none. */
export function canonicalHost(host: string): string | null {
  const bare = host.replace(/^\[|\]$/g, "");
  const isIpv6 = isIP(bare) === 6;
  if (!isIpv6 && /[:/?#@\\\s]/.test(bare)) return null;
  const text = `http://${isIpv6 ? `[${bare}]` : bare}/`;
  return URL.canParse(text) ? new URL(text).hostname.replace(/^\[|\]$/g, "") : null;
}

/** Tells whether a host, or one port of it, was allowed although it is private. */
export type PrivateHostRule = (host: string, port: number) => boolean;

/**
 * @param entries "127.0.0.1", "localhost:4001", "[::1]:4001"; without a port every port of the host is allowed.
 * @throws TypeError naming an entry that is no host.
 */
export function allowPrivateHosts(entries: readonly string[]): PrivateHostRule {
  const allowed = new Set(entries.map(canonicalEntry));
  return (host, port) => allowed.has(host) || allowed.has(`${host} ${port}`);
}

function canonicalEntry(entry: string): string {
  const [, bracketed, plain, port] = /^(?:\[(.+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(entry.trim()) ?? [];
  const host = canonicalHost(bracketed ?? plain ?? entry.trim());
  if (host === null) throw new TypeError(`"${entry}" is not a host; it should be like 127.0.0.1:4001`);
  return port === undefined ? host : `${host} ${Number(port)}`;
}
