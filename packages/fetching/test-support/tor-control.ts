import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { createInterface } from "node:readline";

/** A control port that speaks as Tor's does (control-spec.txt), of a Tor whose progress the test sets. */
export async function openTorControl(password: string) {
  const sockets = new Set<Socket>();
  const tor = { percent: 0, signals: [] as string[], port: 0 };
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => socket.destroy());
    let isAuthenticated = false;
    createInterface({ input: socket }).on("line", (line) => {
      if (line === `AUTHENTICATE "${password.replaceAll(/["\\]/g, "\\$&")}"`) isAuthenticated = true;
      else if (line.startsWith("AUTHENTICATE")) {
        socket.end("515 Authentication failed: Password did not match HashedControlPassword value\r\n");
        return;
      } else if (line === "QUIT") {
        socket.end("250 closing connection\r\n");
        return;
      } else if (!isAuthenticated) {
        socket.end("514 Authentication required.\r\n");
        return;
      } else if (line === "GETINFO status/bootstrap-phase") {
        const phase = `NOTICE BOOTSTRAP PROGRESS=${tor.percent} TAG=conn SUMMARY="Connecting to a relay"`;
        socket.write(`250-status/bootstrap-phase=${phase}\r\n`);
      } else if (line.startsWith("SIGNAL ")) tor.signals.push(line.slice(7));
      else {
        socket.write("510 Unrecognized command\r\n");
        return;
      }
      socket.write("250 OK\r\n");
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  tor.port = (server.address() as AddressInfo).port;
  return Object.assign(tor, {
    [Symbol.asyncDispose]: async () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  });
}
