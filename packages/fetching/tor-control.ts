import { connect } from "node:net";
import { createInterface } from "node:readline";
import { messageOf } from "@pricefleet/contracts";

/** Where Tor is told what to do. */
export interface TorControlPort {
  host: string;
  port: number;
  /** Empty: the port wants none. */
  password: string;
}

/** Tor did not do as it was told. Its message holds no password. */
export class TorControlError extends Error {
  override readonly name = "TorControlError";
  /** Tor is there and does not take the password; trying again does not help. */
  readonly isRefused: boolean;
  constructor(message: string, isRefused: boolean) {
    super(message);
    this.isRefused = isRefused;
  }
}

const ANSWER_TIMEOUT_MS = 5_000;

/**
 * One command over a connection of its own (control-spec.txt of the Tor project: AUTHENTICATE, the command, QUIT).
 * @returns the lines of the answer, each without its status. @throws TorControlError
 */
export async function tellTor({ host, port, password }: TorControlPort, command: string): Promise<string[]> {
  const socket = connect({ host, port, autoSelectFamily: true });
  socket.setTimeout(ANSWER_TIMEOUT_MS, () => socket.destroy(new Error("no answer in time")));
  const failed = new Promise<never>((_resolve, reject) => {
    socket.once("error", (error: Error & { code?: string }) =>
      reject(new TorControlError(error.message === "" ? String(error.code) : messageOf(error), false)),
    );
    socket.once("close", () => reject(new TorControlError("the connection was closed", false)));
  });
  // Whoever awaits an answer hears of it; after the last answer nobody does.
  failed.catch(() => undefined);
  const lines = createInterface({ input: socket })[Symbol.asyncIterator]();

  const ask = async (line: string): Promise<string[]> => {
    socket.write(`${line}\r\n`);
    const answer: string[] = [];
    for (;;) {
      const next = await Promise.race([lines.next(), failed]);
      if (next.done) throw new TorControlError("the connection was closed", false);
      const [, status = "", mark, text = ""] = /^(\d{3})([ +-])(.*)$/.exec(next.value) ?? [];
      answer.push(text);
      if (mark !== " ") continue;
      if (status === "250") return answer;
      // 514 and 515: no or a wrong password.
      throw new TorControlError(`${status} ${text}`, status.startsWith("51"));
    }
  };
  try {
    await ask(`AUTHENTICATE "${password.replaceAll(/["\\]/g, "\\$&")}"`);
    return await ask(command);
  } finally {
    socket.end("QUIT\r\n");
    socket.destroySoon();
  }
}

/** How far Tor is with connecting to its network, in percent, and at what. @throws TorControlError */
export async function bootstrapPhase(control: TorControlPort): Promise<{ percent: number; at: string }> {
  const answer = await tellTor(control, "GETINFO status/bootstrap-phase");
  const phase = answer.join(" ");
  const percent = Number(/PROGRESS=(\d+)/.exec(phase)?.[1] ?? Number.NaN);
  if (Number.isNaN(percent)) throw new TorControlError(`said ${JSON.stringify(phase)}`, false);
  return { percent, at: /SUMMARY="([^"]*)"/.exec(phase)?.[1] ?? "" };
}
