import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { ExitCode } from "@pricefleet/contracts";
import { expect, test } from "vitest";
import { startSampleMarketplace } from "./index.ts";

const main = fileURLToPath(new URL("main.ts", import.meta.url));

function run(environment: Record<string, string>): ChildProcessWithoutNullStreams {
  return spawn(process.execPath, [main], { env: { PATH: process.env.PATH, ...environment } });
}

async function endOf(
  child: ChildProcessWithoutNullStreams,
): Promise<{ code: number | null; errors: string }> {
  const [errors, [code]] = await Promise.all([text(child.stderr), once(child, "exit")]);
  return { code: code as number | null, errors };
}

test("it prints its address, serves with the faults given, and ends on SIGTERM", async () => {
  const child = run({ PORT: "0", FAULTS: '{"rules":[{"fault":"blocked"}]}' });
  const ended = endOf(child);
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  const url = /http:\S+/.exec(line.toString())?.[0] ?? "";
  expect((await fetch(`${url}/item/lamp-1`)).status).toBe(403);
  child.kill("SIGTERM");
  expect(await ended).toEqual({ code: 0, errors: "" });
});

test("a variable that is wrong is one line naming it", async () => {
  const { code, errors } = await endOf(run({ FAULTS: '{"rules":[{"fault":"bogus"}]}' }));
  expect(code).toBe(ExitCode.badEnvironment);
  expect(errors).toMatch(/^FAULTS is .* it should be a fault plan as JSON .*one of not-found.*\n$/);
});

test("a taken port is one line with an exit code of its own", async () => {
  const other = await startSampleMarketplace();
  const { port } = new URL(other.url);
  const { code, errors } = await endOf(run({ PORT: port }));
  await other.close();
  expect(code).toBe(ExitCode.portTaken);
  expect(errors).toBe(`Port ${port} is taken by another program; set PORT to a free one.\n`);
});
