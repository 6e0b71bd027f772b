import { createFrameDecoder, frame } from "./frames.ts";

/** A message of the site: its name, and its parameters, of which the first is the session it belongs to. */
export interface Message {
  name: string;
  parameters: unknown[];
}

export interface MessageReader {
  /** The messages in this text. Heartbeats are answered by `send`; what is not understood is counted. */
  read(text: string, send: (text: string) => void): Message[];
  readonly badMessages: number;
}

export function createMessageReader(): MessageReader {
  const decoder = createFrameDecoder();
  let badJson = 0;
  return {
    get badMessages() {
      return badJson + decoder.badFrames;
    },
    read(text, send) {
      const messages: Message[] = [];
      for (const payload of decoder.push(text)) {
        if (payload.startsWith("~h~")) {
          send(frame(payload));
          continue;
        }
        const message = parse(payload);
        if (message === null) badJson++;
        else if (message !== "hello") messages.push(message);
      }
      return messages;
    },
  };
}

export function write(name: string, parameters: readonly unknown[]): string {
  return frame(JSON.stringify({ m: name, p: parameters }));
}

/** As the site's own client makes them: qs_ for quotes, cs_ for charts. */
export function newSession(kind: "qs" | "cs"): string {
  const letters = Array.from({ length: 12 }, () => String.fromCodePoint(97 + Math.floor(Math.random() * 26)));
  return `${kind}_${letters.join("")}`;
}

/** The server's first message has no name: it tells its version. */
function parse(payload: string): Message | "hello" | null {
  try {
    const value = JSON.parse(payload) as { m?: unknown; p?: unknown; session_id?: unknown } | null;
    if (typeof value !== "object" || value === null) return null;
    if (typeof value.m === "string" && Array.isArray(value.p)) return { name: value.m, parameters: value.p };
    return value.session_id === undefined ? null : "hello";
  } catch {
    // Not JSON: counted by whoever called.
    return null;
  }
}
