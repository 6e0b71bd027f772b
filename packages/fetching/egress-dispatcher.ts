import type { Socket } from "node:net";
import { Agent, buildConnector, type Dispatcher } from "undici";
import type { Egress } from "./egress.ts";

/** For what is no page, such as a websocket or a sign-in: undici sends it, and it leaves as the fetches do. */
export function dispatcherOver(egress: Egress, connectTimeoutMs: number): Dispatcher {
  return new Agent({ connect: connectorOver(egress, connectTimeoutMs), allowH2: false });
}

/** TLS is undici's own; the bytes beneath go where the egress says. */
export function connectorOver(egress: Egress, connectTimeoutMs: number): buildConnector.connector {
  // HTTP/1.1, whatever undici's own mind is from version to version.
  const secure = buildConnector({ timeout: connectTimeoutMs, allowH2: false });
  async function connect(options: buildConnector.Options, callback: buildConnector.Callback): Promise<void> {
    const isSecure = options.protocol === "https:";
    const port = options.port === "" ? (isSecure ? 443 : 80) : Number(options.port);
    let socket: Socket;
    try {
      socket = await egress.connect(options.hostname, port);
    } catch (error) {
      callback(error as Error, null);
      return;
    }
    socket.setNoDelay(true);
    if (isSecure) secure({ ...options, httpSocket: socket }, callback);
    else callback(null, socket);
  }
  return (options, callback) => void connect(options, callback);
}
