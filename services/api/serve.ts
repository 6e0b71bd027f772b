import { createServer, type RequestListener, type Server } from "node:http";
import { ExitCode } from "@pricefleet/contracts";

/** Another program listens there. */
class PortTakenError extends Error {
  override readonly name = "PortTakenError";
  readonly exitCode = ExitCode.portTaken;
}

/** @throws PortTakenError */
export async function listen(app: RequestListener, port: number): Promise<Server> {
  const server = createServer(app);
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      reject(
        error.code === "EADDRINUSE"
          ? new PortTakenError(
              `port ${port} is taken by another program; stop it, or set PORT to another one`,
            )
          : error,
      );
    });
    server.listen(port, () => resolve(server));
  });
}

/** Stops accepting, and waits for the requests in hand. @returns false if some had to be cut off after `graceMs`. */
export async function stopServing(server: Server, graceMs: number): Promise<boolean> {
  let inTime = true;
  await new Promise<void>((resolve) => {
    const patience = setTimeout(() => {
      inTime = false;
      server.closeAllConnections();
    }, graceMs);
    server.close(() => {
      clearTimeout(patience);
      resolve();
    });
  });
  return inTime;
}
