import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** Proxies that reach a local site whatever name they are asked for, and write down what they were asked. */
export async function openUpstreamProxy(kind: "http" | "socks5", sitePort: number) {
  const asked: string[] = [];
  const server: Server = kind === "http" ? httpProxy(sitePort, asked) : socksProxy(sitePort, asked);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    asked,
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      server.close();
    },
  };
}

function httpProxy(sitePort: number, asked: string[]): Server {
  const server = createHttpServer();
  server.on("connect", (incoming, client: Socket) => {
    asked.push(`${incoming.url} ${incoming.headers["proxy-authorization"] ?? ""}`);
    const site = connect(sitePort, "127.0.0.1", () => {
      client.write("HTTP/1.1 200 OK\r\n\r\n");
      client.pipe(site).pipe(client);
    });
    for (const socket of [client, site]) socket.on("error", () => socket.destroy());
  });
  return server;
}

/** RFC 1928 with user and password (RFC 1929). */
function socksProxy(sitePort: number, asked: string[]): Server {
  return createServer((client) => {
    client.on("error", () => client.destroy());
    client.once("data", () => {
      client.write(Buffer.from([5, 2]));
      client.once("data", (login) => {
        client.write(Buffer.from([1, 0]));
        client.once("data", (command) => {
          const name = command.subarray(5, 5 + (command[4] ?? 0)).toString();
          asked.push(`${name} ${login.subarray(2).toString("latin1")}`);
          const site = connect(sitePort, "127.0.0.1", () => {
            client.write(Buffer.from([5, 0, 0, 1, 127, 0, 0, 1, 0, 0]));
            client.pipe(site).pipe(client);
          });
          site.on("error", () => site.destroy());
        });
      });
    });
  });
}
