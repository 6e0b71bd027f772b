import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { findChromium } from "./find-chromium.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "find-chromium-"));
});
afterEach(() => rm(folder, { recursive: true }));

async function program(name: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, "#!/bin/sh\n");
  await chmod(path, 0o755);
  return path;
}

describe("the Chromium that is used", () => {
  it("is the one of CHROMIUM_PATH before any on the PATH", async () => {
    const named = await program("my-chromium");
    await program("chromium");
    expect(findChromium({ CHROMIUM_PATH: named, PATH: folder })).toBe(named);
  });

  it("is a headless shell before a whole Chromium", async () => {
    await program("chromium");
    const shell = await program("chromium-headless-shell");
    expect(findChromium({ PATH: `/nowhere:${folder}` })).toBe(shell);
  });

  it("is none when CHROMIUM_PATH names no program, for another one was not asked for", async () => {
    await program("chromium");
    expect(findChromium({ CHROMIUM_PATH: join(folder, "gone"), PATH: folder })).toBeNull();
  });
});
