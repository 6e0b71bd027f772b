import { setTimeout as sleep } from "node:timers/promises";
import { messageOf } from "@pricefleet/contracts";
import type { Logger } from "@pricefleet/logging";
import { type Dispatcher, WebSocket } from "undici";
import { openSocket } from "./open-socket.ts";

export interface SocketOptions {
  url: string;
  headers: Record<string, string>;
  /** By which it connects; undici's own, which connects directly, unless told. */
  dispatcher?: Dispatcher | undefined;
  logger: Logger;
  /** Not one byte for so long: the other side is taken for dead. Longer than its heartbeat's interval. */
  silenceMs?: number;
  firstDelayMs?: number;
  longestDelayMs?: number;
  onOpen: (connection: Connection) => void;
  onText: (text: string, connection: Connection) => void;
  /** The connection that was open is lost. */
  onDown: (reason: string) => void;
}

export interface Connection {
  send: (text: string) => void;
  /** Ends this connection; another one follows. */
  drop: (reason: string) => void;
  /** It gave what it is there for: the next reconnect may be quick again. Opening alone does not count. */
  isOfUse: () => void;
}

export interface KeptSocket {
  close(): Promise<void>;
}

const SILENCE_MS = 30_000;
const FIRST_DELAY_MS = 1_000;
const LONGEST_DELAY_MS = 60_000;

/**
 * A websocket that is opened again whenever it is lost: after 1 s, then twice as long each time up to 60 s, with jitter of
 * half, so that a fleet does not come back in one moment. A connection that was of use begins anew at 1 s.
 */
export function keepSocketOpen(options: SocketOptions): KeptSocket {
  const { logger, firstDelayMs = FIRST_DELAY_MS, longestDelayMs = LONGEST_DELAY_MS } = options;
  const closing = new AbortController();
  const ended = stayConnected();
  return {
    async close() {
      closing.abort();
      await ended;
    },
  };

  async function stayConnected(): Promise<void> {
    let failures = 0;
    while (!closing.signal.aborted) {
      const { reason, wasOfUse } = await connectOnce(options, closing.signal);
      if (closing.signal.aborted) return;
      failures = wasOfUse ? 1 : failures + 1;
      const delayMs =
        Math.min(longestDelayMs, firstDelayMs * 2 ** (failures - 1)) * (0.5 + Math.random() / 2);
      logger.warn("the feed's connection is lost and will be opened again", {
        reason,
        in_ms: Math.round(delayMs),
      });
      await sleep(delayMs, undefined, { signal: closing.signal }).catch(() => undefined);
    }
  }
}

/** One connection from its opening to its end. Never rejects. */
function connectOnce(
  { url, headers, dispatcher, silenceMs = SILENCE_MS, onOpen, onText, onDown }: SocketOptions,
  closing: AbortSignal,
): Promise<{ reason: string; wasOfUse: boolean }> {
  return new Promise((resolve) => {
    const { socket, whyNotConnected } = openSocket(url, headers, dispatcher);
    let isOpen = false;
    let wasOfUse = false;
    let isOver = false;
    const watchdog = setTimeout(() => end(`silent for ${silenceMs / 1_000} s`), silenceMs);
    const connection: Connection = {
      send: (text) => {
        if (socket.readyState === WebSocket.OPEN) socket.send(text);
      },
      drop: end,
      isOfUse: () => {
        wasOfUse = true;
      },
    };
    const stop = () => end("closed by us");
    closing.addEventListener("abort", stop, { once: true });

    socket.addEventListener("open", () => {
      if (isOver) return;
      isOpen = true;
      guard(() => onOpen(connection));
    });
    socket.addEventListener("message", ({ data }) => {
      if (isOver) return;
      watchdog.refresh();
      if (typeof data === "string") guard(() => onText(data, connection));
    });
    socket.addEventListener("error", (event) =>
      // undici's own errors may have no words: nobody listens there.
      end(messageOf(whyNotConnected() ?? event.error ?? event.message) || "could not connect"),
    );
    socket.addEventListener("close", ({ code, reason }) =>
      end(`closed by the server: ${code} ${reason}`.trim()),
    );

    /** A listener's mistake costs the connection, not the process. */
    function guard(work: () => void): void {
      try {
        work();
      } catch (error) {
        end(`a message could not be worked on: ${messageOf(error)}`);
      }
    }

    function end(reason: string): void {
      if (isOver) return;
      isOver = true;
      clearTimeout(watchdog);
      closing.removeEventListener("abort", stop);
      // A half-open connection would not answer the closing handshake: nobody waits for that.
      socket.close();
      if (isOpen) onDown(reason);
      resolve({ reason, wasOfUse });
    }
  });
}
