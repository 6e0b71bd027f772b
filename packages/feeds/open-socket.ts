import { type Dispatcher, getGlobalDispatcher, WebSocket } from "undici";

interface OpeningSocket {
  socket: WebSocket;
  /** Why it could not connect, which undici's WebSocket keeps to itself; null when it did, or nobody knows. */
  whyNotConnected: () => Error | null;
}

/** @param dispatcher by which it connects; undici's own, which connects directly, unless told. */
export function openSocket(
  url: string,
  headers: Record<string, string>,
  dispatcher: Dispatcher = getGlobalDispatcher(),
): OpeningSocket {
  const { host } = new URL(url);
  let fault: Error | null = null;
  const note = (origin: URL, _targets: unknown, error: Error) => {
    if (origin.host === host) fault = error;
  };
  dispatcher.on("connectionError", note);
  const socket = new WebSocket(url, { headers, dispatcher });
  for (const settled of ["open", "close"] as const) {
    socket.addEventListener(settled, () => dispatcher.off("connectionError", note), { once: true });
  }
  return { socket, whyNotConnected: () => fault };
}
