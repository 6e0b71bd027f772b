/** One value of PROXY_URL. */
export interface UpstreamProxy {
  protocol: "http:" | "https:" | "socks5:";
  host: string;
  port: number;
  username: string | null;
  password: string | null;
  /** Host and port, for people: never the credential. */
  label: string;
}

const defaultPorts: Record<UpstreamProxy["protocol"], number> = {
  "http:": 80,
  "https:": 443,
  "socks5:": 1080,
};

/**
 * Reads `http://user:password@host:port`, also https, socks5 and socks5h (a SOCKS proxy always resolves names here).
 * @throws TypeError saying what is wrong with it, without printing the credential.
 */
export function parseProxyUrl(text: string): UpstreamProxy {
  const url = URL.parse(text);
  if (url === null) {
    throw new TypeError("is no URL; a password with : / ? # @ or % in it has to be percent-encoded");
  }
  const protocol = url.protocol === "socks5h:" ? "socks5:" : url.protocol;
  if (!isProxyProtocol(protocol)) throw new TypeError(`has the protocol ${url.protocol}//`);
  if (url.hostname === "") throw new TypeError("has no host");
  // "http://user:12#3@host" is read as host "user", port 12: what follows is then no part of a proxy's address.
  if (!["", "/"].includes(url.pathname) || url.search !== "" || url.hash !== "") {
    throw new TypeError("has something after the port; / ? # in a password have to be percent-encoded");
  }
  if (url.port === "0") throw new TypeError("has the port 0");
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const port = url.port === "" ? defaultPorts[protocol] : Number(url.port);
  return {
    protocol,
    host,
    port,
    username: decoded(url.username),
    password: decoded(url.password),
    label: `${host}:${port}`,
  };
}

function decoded(part: string): string | null {
  if (part === "") return null;
  try {
    return decodeURIComponent(part);
  } catch (error) {
    throw new TypeError("has a % in its user or password that is not percent-encoded as %25", {
      cause: error,
    });
  }
}

function isProxyProtocol(protocol: string): protocol is UpstreamProxy["protocol"] {
  return protocol in defaultPorts;
}
