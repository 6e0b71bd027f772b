import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

export interface TestProxy extends AsyncDisposable {
  /** "name:port user:password" (SOCKS) or with the authorization header (HTTP), in the order of asking. */
  readonly asked: string[];
  readonly address: string;
  /** It takes no credential any more. */
  refuseLogins: boolean;
  /** It takes connections, and reaches no site. */
  reachesNothing: boolean;
}

/** Proxies that reach a local site whatever name they are asked for, and write down what they were asked. */
export async function openUpstreamProxy(kind: "http" | "socks5", sitePort: number): Promise<TestProxy> {
  const sockets = new Set<Socket>();
  const proxy = { asked: [] as string[], address: "", refuseLogins: false, reachesNothing: false };
  const server: Server = kind === "http" ? httpProxy(sitePort, proxy) : socksProxy(sitePort, proxy);
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  proxy.address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return Object.assign(proxy, {
    [Symbol.asyncDispose]: async () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  });
}

type Behaviour = Pick<TestProxy, "asked" | "refuseLogins" | "reachesNothing">;

function httpProxy(sitePort: number, behaviour: Behaviour): Server {
  const server = createHttpServer();
  server.on("connect", (incoming, client: Socket) => {
    client.on("error", () => client.destroy());
    behaviour.asked.push(`${incoming.url} ${incoming.headers["proxy-authorization"] ?? ""}`);
    if (behaviour.refuseLogins || behaviour.reachesNothing) {
      client.end(`HTTP/1.1 ${behaviour.refuseLogins ? "407 Login" : "502 Site"}\r\n\r\n`);
      return;
    }
    const site = connect(sitePort, "127.0.0.1", () => {
      client.write("HTTP/1.1 200 OK\r\n\r\n");
      client.pipe(site).pipe(client);
    });
    site.on("error", () => client.destroy());
    client.on("close", () => site.destroy());
  });
  return server;
}

/** RFC 1928 with user and password (RFC 1929). */
function socksProxy(sitePort: number, behaviour: Behaviour): Server {
  return createServer((client) => {
    client.on("error", () => client.destroy());
    client.once("data", () => {
      client.write(Buffer.from([5, 2]));
      client.once("data", (login) => {
        client.write(Buffer.from([1, behaviour.refuseLogins ? 1 : 0]));
        client.once("data", (command) => {
          const nameLength = command[4] ?? 0;
          const name = command.subarray(5, 5 + nameLength).toString();
          const userLength = login[1] ?? 0;
          const user = login.subarray(2, 2 + userLength).toString();
          const password = login.subarray(3 + userLength).toString();
          behaviour.asked.push(`${name}:${command.readUInt16BE(5 + nameLength)} ${user}:${password}`);
          // 4: host unreachable.
          if (behaviour.reachesNothing) {
            client.end(Buffer.from([5, 4, 0, 1, 0, 0, 0, 0, 0, 0]));
            return;
          }
          const site = connect(sitePort, "127.0.0.1", () => {
            client.write(Buffer.from([5, 0, 0, 1, 127, 0, 0, 1, 0, 0]));
            client.pipe(site).pipe(client);
          });
          site.on("error", () => client.destroy());
          client.on("close", () => site.destroy());
        });
      });
    });
  });
}
