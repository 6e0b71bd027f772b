import { randomInt } from "node:crypto";
import { createServer } from "node:net";

/** Linux hands ports from 32768 up to outgoing connections; a server that restarts on its port wants one below. */
const LOWEST_PORT = 20_000;
const HIGHEST_PORT = 32_000;

/** Is nobody listening on this port of the address? An address that cannot be had at all is an error. */
export async function isPortFree(port: number, host = "127.0.0.1"): Promise<boolean> {
  const server = createServer();
  return await new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE") resolve(false);
      else reject(error);
    });
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** A port of the loopback address on which nobody listens now. */
export async function findFreePort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const port = randomInt(LOWEST_PORT, HIGHEST_PORT);
    if (await isPortFree(port)) return port;
  }
  throw new Error(`no free port between ${LOWEST_PORT} and ${HIGHEST_PORT}`);
}
