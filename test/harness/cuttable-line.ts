import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** A line to a server that a test can cut and mend. */
export interface CuttableLine {
  /** The same URL, by way of this line. */
  url: string;
  /** Ends every connection and refuses new ones, as a server that has stopped. */
  cut(): Promise<void>;
  mend(): Promise<void>;
  /** The connections there are stay open and carry nothing any more, as after a host has vanished. New ones work. */
  freeze(): void;
}

/** Whoever lays a line cuts it in the end. */
export async function layLine(serverUrl: string): Promise<CuttableLine> {
  const target = new URL(serverUrl);
  const ends = new Set<Socket>();
  const line = createServer((near) => {
    const far = connect(Number(target.port), target.hostname);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      ends.add(from);
      from.pipe(to);
      from.on("error", () => to.destroy());
      from.on("close", () => {
        ends.delete(from);
        to.destroy();
      });
    }
  });
  const open = async (port: number) => {
    line.listen(port, "127.0.0.1");
    await once(line, "listening");
  };
  const cut = async () => {
    const closed = line.listening ? once(line, "close") : null;
    line.close();
    for (const end of ends) end.destroy();
    await closed;
  };
  await open(0);
  const { port } = line.address() as AddressInfo;
  const url = new URL(serverUrl);
  url.host = `127.0.0.1:${port}`;
  return {
    url: url.href,
    cut,
    mend: () => open(port),
    freeze: () => {
      for (const end of ends) {
        end.unpipe();
        end.pause();
      }
    },
  };
}
