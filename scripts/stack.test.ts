import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { afterEach, expect, it } from "vitest";
import { requireFreePort } from "./stack.ts";

const taken = createServer();
afterEach(() => new Promise((resolve) => taken.close(resolve)));

it("a taken port is one message that names it and how to choose another", async () => {
  await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
  const { port } = taken.address() as AddressInfo;
  await expect(requireFreePort(port, "make demo")).rejects.toThrow(
    `Port ${port} is taken by another program. Stop that, or choose another port: PORT=${port + 1} make demo`,
  );
});
