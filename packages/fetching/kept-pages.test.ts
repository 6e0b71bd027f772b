import { chmod, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createDebugStore } from "./debug-store.ts";
import { createSnapshotStore } from "./snapshot-store.ts";

const DAY_MS = 86_400_000;
const everything = { olderThanDays: 30, maxBytes: 1e9 };
let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "kept-pages-"));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

async function age(path: string, days: number): Promise<void> {
  const then = new Date(Date.now() - days * DAY_MS);
  await utimes(join(dir, path), then, then);
}

describe("a snapshot", () => {
  it("is read back as it was, by its content's name", async () => {
    const store = createSnapshotStore(dir);
    const html = "<p>Preis: 12,50 €</p>";
    const { sha256, path, sizeBytes } = await store.save(html);
    expect(path).toBe(`${sha256.slice(0, 2)}/${sha256}.html.gz`);
    expect(sizeBytes).toBe(Buffer.byteLength(html));
    expect(await store.read(sha256)).toBe(html);
  });

  it("of the same page is one file, written once and made young again", async () => {
    const store = createSnapshotStore(dir);
    const first = await store.save("<p>same</p>");
    const { ino } = await stat(join(dir, first.path));
    await age(first.path, 40);
    await store.save("<p>same</p>");
    expect((await stat(join(dir, first.path))).ino).toBe(ino);
    expect(await store.prune(everything)).toEqual({ removed: [], freedBytes: 0 });
  });

  it("saved by many at once is whole", async () => {
    const store = createSnapshotStore(dir);
    const html = "<p>row</p>".repeat(5_000);
    const saved = await Promise.all(Array.from({ length: 20 }, () => store.save(html)));
    expect(await store.read(saved[0]?.sha256 ?? "")).toBe(html);
    expect((await readdir(dir, { recursive: true })).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  });

  it("is pruned by age", async () => {
    const store = createSnapshotStore(dir);
    const old = await store.save("<p>old</p>");
    const young = await store.save("<p>young</p>");
    await age(old.path, 31);
    const { size } = await stat(join(dir, old.path));
    expect(await store.prune(everything)).toEqual({ removed: [old.sha256], freedBytes: size });
    await expect(store.read(old.sha256)).rejects.toMatchObject({ reason: "no-snapshot" });
    expect(await store.read(young.sha256)).toBe("<p>young</p>");
  });

  it("is pruned by size, the oldest first", async () => {
    const store = createSnapshotStore(dir);
    const pages = await Promise.all(["one", "two", "three"].map((word) => store.save(`<p>${word}</p>`)));
    for (const [index, { path }] of pages.entries()) await age(path, 3 - index);
    const newestBytes = (await stat(join(dir, pages[2]?.path ?? ""))).size;
    const { removed } = await store.prune({ olderThanDays: 30, maxBytes: newestBytes });
    expect(new Set(removed)).toEqual(new Set([pages[0]?.sha256, pages[1]?.sha256]));
  });

  it("that nobody keeps, in a folder that is not there, is pruned without a word", async () => {
    const store = createSnapshotStore(join(dir, "never-made"));
    expect(await store.prune(everything)).toEqual({ removed: [], freedBytes: 0 });
  });

  it("leaves other people's files alone when pruning, but for what a killed process half wrote", async () => {
    await writeFile(join(dir, "notes.txt"), "mine");
    await writeFile(join(dir, "x.html.gz.1.tmp"), "half");
    await age("notes.txt", 400);
    await age("x.html.gz.1.tmp", 1);
    await createSnapshotStore(dir).prune(everything);
    expect(await readdir(dir)).toEqual(["notes.txt"]);
  });

  it("that the disk refuses is a temporary error that names the folder", async () => {
    const blocked = join(dir, "file");
    await writeFile(blocked, "not a folder");
    await expect(createSnapshotStore(blocked).save("<p>x</p>")).rejects.toMatchObject({
      errorClass: "temporary",
      reason: "disk",
      message: expect.stringContaining(blocked),
    });
  });

  it.skipIf(process.getuid?.() === 0)("in a folder one may not write is such an error too", async () => {
    await chmod(dir, 0o500);
    await expect(createSnapshotStore(dir).save("<p>x</p>")).rejects.toMatchObject({ reason: "disk" });
    await chmod(dir, 0o700);
  });

  it("cannot be asked for by a path", async () => {
    await expect(createSnapshotStore(dir).read("../../etc/passwd")).rejects.toMatchObject({
      reason: "no-snapshot",
    });
  });
});

describe("a failed page", () => {
  it("is kept under its target and attempt, with its screenshot", async () => {
    const store = createDebugStore(dir);
    await store.save({ targetId: "17", attempt: 2, html: "<p>?</p>", screenshot: Buffer.from("png") });
    expect((await readdir(dir)).toSorted()).toEqual(["17-2.html.gz", "17-2.png"]);
    expect(gunzipSync(await readFile(join(dir, "17-2.html.gz"))).toString()).toBe("<p>?</p>");
  });

  it("is pruned with its screenshot", async () => {
    const store = createDebugStore(dir);
    await store.save({ targetId: "17", attempt: 2, html: "<p>?</p>", screenshot: Buffer.from("png") });
    await age("17-2.html.gz", 31);
    await age("17-2.png", 31);
    expect((await store.prune(everything)).removed.toSorted()).toEqual(["17-2.html.gz", "17-2.png"]);
  });
});
