import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { endRecorded, isStillRunning, recordProcess } from "./process-record.ts";
import { Processes } from "./processes.ts";

let folder: string;
let ends: string[];
let processes: Processes;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "processes-test-"));
  ends = [];
  processes = new Processes({
    logFolder: join(folder, "logs"),
    endWithStarter: true,
    onUnexpectedEnd: (report) => ends.push(report),
  });
});
afterEach(async () => {
  await processes.stopAll(0);
  rmSync(folder, { recursive: true });
});

function service(name: string, code: string) {
  const file = join(folder, `${name}.mjs`);
  writeFileSync(file, code);
  return { name, file, environment: { ORDER_FILE: join(folder, "order") } };
}

/** Runs until SIGTERM, and then notes its name. */
const obedient = (name: string) =>
  service(
    name,
    `import { appendFileSync } from "node:fs";
     process.on("SIGTERM", () => { appendFileSync(process.env.ORDER_FILE, "${name} "); process.exit(0); });
     setInterval(() => {}, 1000);
     console.log("ready");`,
  );

async function untilLogged(name: string, text: string): Promise<void> {
  const logFile = join(folder, "logs", `${name}.log`);
  await vi.waitFor(() => expect(readFileSync(logFile, "utf8")).toContain(text), { timeout: 10_000 });
}

const isAlive = (pid: number) =>
  existsSync(`/proc/${pid}`) && !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));

describe("the services of a demo", () => {
  it("all are stopped, the last one first, and nobody calls that unexpected", async () => {
    const first = processes.start(obedient("first"));
    const second = processes.start(obedient("second"));
    await untilLogged("first", "ready");
    await untilLogged("second", "ready");
    await processes.stopAll();
    expect(readFileSync(join(folder, "order"), "utf8")).toBe("second first ");
    expect([first, second].map(({ pid }) => isAlive(pid))).toEqual([false, false]);
    expect(ends).toEqual([]);
  });

  it("a service that ignores SIGTERM is killed with the children it started", async () => {
    const stubborn = processes.start(
      service(
        "stubborn",
        `import { spawn } from "node:child_process";
         process.on("SIGTERM", () => {});
         const child = spawn(process.execPath, ["-e", "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000)"]);
         console.log("child " + child.pid);
         setInterval(() => {}, 1000);`,
      ),
    );
    await untilLogged("stubborn", "child ");
    const childPid = Number(/child (\d+)/.exec(readFileSync(stubborn.logFile, "utf8"))?.[1]);
    await processes.stopAll(100);
    expect(isAlive(stubborn.pid)).toBe(false);
    await vi.waitFor(() => expect(isAlive(childPid)).toBe(false));
  });

  it("a service that dies by itself is named with how it ended and its last lines", async () => {
    processes.start(service("fragile", `console.log("about to fail"); process.exit(3);`));
    await vi.waitFor(() => expect(ends).toHaveLength(1), { timeout: 10_000 });
    expect(ends[0]).toMatch(
      /^fragile ended with exit code 3\. Its last lines .*fragile\.log\):\nabout to fail$/,
    );
  });

  it("a SIGKILL of the starter leaves no service behind", async () => {
    const starter = join(folder, "starter.ts");
    writeFileSync(
      starter,
      `import { Processes } from ${JSON.stringify(join(import.meta.dirname, "processes.ts"))};
       const processes = new Processes({ logFolder: ${JSON.stringify(join(folder, "logs"))}, endWithStarter: true, onUnexpectedEnd() {} });
       console.log(processes.start(${JSON.stringify(obedient("orphan"))}).pid);
       setInterval(() => {}, 1000);`,
    );
    const parent = spawn(process.execPath, [starter], { stdio: ["ignore", "pipe", "inherit"] });
    const pid = await new Promise<number>((resolve) =>
      parent.stdout.once("data", (text) => resolve(Number(text))),
    );
    await untilLogged("orphan", "ready");
    parent.kill("SIGKILL");
    await vi.waitFor(() => expect(isAlive(pid)).toBe(false), { timeout: 10_000 });
  });
});

describe("what make down ends", () => {
  it("a process that is not the recorded one is left alone, though it has its pid", async () => {
    const running = processes.start(obedient("other"));
    await untilLogged("other", "ready");
    const stale = { ...recordProcess("other", running.pid, "SIGTERM"), identity: "an older process" };
    expect(await endRecorded(stale, 1_000)).toBe("was gone");
    expect(isAlive(running.pid)).toBe(true);
  });

  it("a recorded process is ended, and then it is gone", async () => {
    const running = processes.start(obedient("recorded"));
    await untilLogged("recorded", "ready");
    const record = recordProcess("recorded", running.pid, "SIGTERM");
    expect(isStillRunning(record)).toBe(true);
    expect(await endRecorded(record, 10_000)).toBe("ended");
    expect(isStillRunning(record)).toBe(false);
    expect(await endRecorded(record, 10_000)).toBe("was gone");
  });

  it("the pid of a process that has ended cannot be recorded", () => {
    const { pid } = spawnSync("true");
    expect(() => recordProcess("true", pid, "SIGTERM")).toThrow(`true (pid ${pid}) is gone already`);
  });
});
