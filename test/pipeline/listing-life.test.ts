import sharp from "sharp";
import { afterAll, describe, expect, it } from "vitest";
import { endOf, logOf, startFleet, waitFor } from "../fleet/index.ts";
import { createTestDatabase, createTestVhost } from "../harness/index.ts";
import { startLivingSite } from "./living-site.ts";

const database = await createTestDatabase();
const vhost = await createTestVhost();
// After the database and the vhost: what is registered last is closed first.
const closers = new AsyncDisposableStack();
afterAll(() => closers.disposeAsync());
const site = await startLivingSite();
closers.defer(() => site.close());
const photoHost = await startLivingSite();
closers.defer(() => photoHost.close());
const fleet = startFleet({
  databaseUrl: database.workerUrl,
  amqpUrl: vhost.url,
  environment: {
    FETCH_MODE: "http",
    SAMPLE_BASE_URL: site.url,
    ROBOTS_IGNORE_SOURCES: "sample",
    COMPARE_PHOTOS: "on",
    ALLOW_PRIVATE_HOSTS: new URL(photoHost.url).host,
  },
});
closers.defer(() => fleet.stop());
fleet.startDispatcher();
fleet.startWorker({ WORKER_QUEUES: "listing_enrichment:4" });
const apiProcess = fleet.startApi({ DATABASE_URL: database.apiUrl });
const apiUrl = await waitFor("the API", 20_000, () => {
  const port = logOf(apiProcess).find(({ message }) => message === "listening")?.["port"];
  return Promise.resolve(typeof port === "number" ? `http://127.0.0.1:${port}` : null);
});

/** Collects the search once, every listing's page anew, and waits for the run's end. */
async function collect(): Promise<void> {
  const collector = fleet.startCollector({
    SOURCE: "sample",
    SEARCH_TERM: "anything",
    ENRICH_MAX_AGE_HOURS: "0",
    GONE_AFTER_MISSES: "2",
  });
  await collector.ended;
  const { rows } = await fleet.book.query<{ id: string }>("SELECT id FROM runs ORDER BY id DESC LIMIT 1");
  expect((await endOf(fleet.book, rows[0]?.id ?? "", 60_000)).state).toBe("completed");
}

async function ask(path: string) {
  const response = await fetch(apiUrl + path);
  expect(response.status).toBe(200);
  return await response.json();
}

/** As /listings/{id} serves it. */
async function served(externalId: string) {
  const { items } = await ask("/listings?limit=200");
  const id = items.find((item: { external_id: string }) => item.external_id === externalId)?.id;
  return await ask(`/listings/${id}`);
}

async function inState(state: string): Promise<string[]> {
  const { items } = await ask(`/listings?state=${state}&sort=oldest`);
  return items.map((item: { external_id: string }) => item.external_id).toSorted();
}

// Each collects several times, a process each.
const patience = { timeout: 120_000 };

describe("the life of listings, from the site's pages to what is served", patience, () => {
  it("active, then sold, ended and removed: each is told with its time, and its price stays", async () => {
    for (const id of ["stays", "sold", "ended", "removed"]) site.put(id, {});
    await collect();
    expect(await inState("active")).toEqual(["ended", "removed", "sold", "stays"]);

    site.put("sold", { words: "Sold" });
    site.put("ended", { words: "This listing has ended" });
    site.put("removed", { isRemoved: true });
    await collect();
    expect(await inState("active")).toEqual(["stays"]);
    expect(await inState("sold")).toEqual(["sold"]);
    expect(await inState("ended")).toEqual(["ended"]);
    expect(await inState("gone")).toEqual(["removed"]);
    expect(await served("sold")).toMatchObject({
      state: "sold",
      state_known_by: "page",
      amount: "10.00",
      states: [{ from: "active", to: "sold", known_by: "page", reason: null }],
    });
    expect(await served("removed")).toMatchObject({
      amount: "10.00",
      states: [{ from: "active", to: "gone", known_by: "page", reason: expect.stringContaining("404") }],
    });
    expect(await served("stays")).toMatchObject({ state: "active", states: [] });
  });

  it("what comes back is active again, with its history", async () => {
    for (const id of ["sold", "removed"]) site.put(id, { words: "In stock", isRemoved: false });
    await collect();
    expect(await inState("active")).toEqual(["removed", "sold", "stays"]);
    const { states } = await served("sold");
    expect(states).toMatchObject([
      { from: "sold", to: "active" },
      { from: "active", to: "sold" },
    ]);
  });

  it("what the search does not show is missed, and gone when its page is, too", async () => {
    site.put("shy", {});
    await collect();
    for (const id of ["shy", "stays"]) site.put(id, { isShown: false });
    site.put("stays", { isRemoved: true });
    await collect();
    expect(await served("stays")).toMatchObject({ state: "active", misses: 1 });
    await collect();
    expect(await served("stays")).toMatchObject({ state: "gone", states: [{ to: "gone", misses: 2 }] });
    expect(await served("shy")).toMatchObject({ state: "active", misses: 0, states: [] });
  });
});

/** A JPEG of a scene, which is another one for each seed, in the size and quality asked for. */
async function putPhoto(
  path: string,
  seed: number,
  how: { width: number; quality: number },
  at = site,
): Promise<void> {
  const [width, height] = [64, 48];
  const pixels = Buffer.alloc(width * height * 3);
  for (let byte = 0; byte < pixels.length; byte++) {
    const [x, y] = [Math.floor(byte / 3) % width, Math.floor(byte / 3 / width)];
    pixels[byte] = 128 + 110 * Math.sin((seed * x) / 7 + seed) * Math.cos((seed * y) / 9 + seed * seed);
  }
  const picture = sharp(pixels, { raw: { width, height, channels: 3 } }).resize(how.width);
  at.serve(path, {
    contentType: "image/jpeg",
    body: await picture.jpeg({ quality: how.quality }).toBuffer(),
  });
}

/** A photo is looked at after its listing is stored. */
const whenLookedAt = (count: number) =>
  waitFor(`${count} photos to be looked at`, 20_000, async () => {
    const { rows } = await fleet.book.query("SELECT url, failure FROM listing_photos ORDER BY url");
    return rows.length >= count ? rows : null;
  });

const names = (related: { external_id: string }[]) => related.map(({ external_id }) => external_id);

describe("what is offered more than once, from the site's photos to what is served", patience, () => {
  it("relisted: the same seller puts it up again under another number; prices are read across", async () => {
    await putPhoto("/photos/lens-1.jpg", 3, { width: 640, quality: 85 });
    await putPhoto("/photos/lens-2.jpg", 3, { width: 320, quality: 60 });
    site.put("lens-old", { title: "Jupiter 9 lens 85mm", photo: "/photos/lens-1.jpg", price: "$90.00" });
    await collect();
    site.put("lens-old", { words: "This listing has ended" });
    site.put("lens-new", { title: "JUPITER-9 85mm Lens!", photo: "/photos/lens-2.jpg", price: "$80.00" });
    await collect();
    await whenLookedAt(2);
    const lens = await served("lens-new");
    expect(lens).toMatchObject({
      state: "active",
      relisted_from: { external_id: "lens-old", state: "ended" },
      duplicates: [],
    });
    expect(await served("lens-old")).toMatchObject({ relisted_as: { external_id: "lens-new" } });
    const { items } = await ask(`/listings/${lens.id}/prices?relisted=true`);
    expect(items.map(({ amount }: { amount: string }) => amount)).toEqual(["80.00", "90.00"]);
  });

  it("another account with the same photo is a duplicate; another photo or another number is none", async () => {
    await putPhoto("/photos/other.jpg", 2, { width: 640, quality: 85 });
    const lens = { title: "Lens Jupiter 9, 85 mm", photo: "/photos/lens-1.jpg", seller: "bob" };
    site.put("lens-bob", lens);
    site.put("lens-8", { ...lens, title: "Lens Jupiter 8, 50 mm" });
    site.put("lens-other", { ...lens, photo: "/photos/other.jpg" });
    await collect();
    await whenLookedAt(5);
    expect(names((await served("lens-bob")).duplicates).toSorted()).toEqual(["lens-new", "lens-old"]);
    expect((await served("lens-8")).duplicates).toEqual([]);
    expect((await served("lens-other")).duplicates).toEqual([]);
    const { items } = await ask("/listings?text=jupiter&distinct=true");
    expect(names(items).toSorted()).toEqual(["lens-8", "lens-new", "lens-other"]);
  });

  it("a photo is asked for once, and one that fails fails no listing", async () => {
    site.serve("/photos/text.jpg", { contentType: "text/html", body: Buffer.from("a wall") });
    site.serve("/photos/broken.jpg", { contentType: "image/jpeg", body: Buffer.from("no picture") });
    site.put("with-text", { photo: "/photos/text.jpg" });
    site.put("with-broken", { photo: "/photos/broken.jpg" });
    site.put("with-none", { photo: "/photos/none.jpg" });
    site.put("with-inside", { photo: "http://169.254.169.254/photo.jpg" });
    await collect();
    const failures = (await whenLookedAt(9)).filter(({ failure }) => failure !== null);
    expect(failures.map(({ url }) => new URL(url).pathname)).toEqual([
      "/photos/broken.jpg",
      "/photos/none.jpg",
      "/photos/text.jpg",
      "/photo.jpg",
    ]);
    await collect();
    expect(site.requests.get("/photos/lens-1.jpg")).toBe(3);
    expect(site.requests.get("/photos/none.jpg")).toBe(1);
    expect(await inState("active")).toEqual(
      expect.arrayContaining(["with-broken", "with-inside", "with-none", "with-text"]),
    );
  });

  it("a photo's host has a clock of its own: while it is closed, listings go on without their photos", async () => {
    await putPhoto("/far.jpg", 3, { width: 640, quality: 85 }, photoHost);
    site.put("far", { photo: `${photoHost.url}/far.jpg` });
    await fleet.book.query(
      `INSERT INTO hosts (host, source, min_delay_ms, max_in_flight, closed_until, closed_reason)
       VALUES ($1, 'sample', 0, 16, now() + interval '1 hour', 'by-hand')`,
      [new URL(photoHost.url).host],
    );
    await collect();
    expect(await served("far")).toMatchObject({ state: "active", enriched_at: expect.any(String) });
    expect(photoHost.requests.size).toBe(0);
    await fleet.book.query("UPDATE hosts SET closed_until = NULL, closed_reason = NULL");
    await collect();
    await whenLookedAt(10);
    expect(photoHost.requests.get("/far.jpg")).toBe(1);
    expect(site.requests.get("/photos/lens-1.jpg")).toBe(3);
  });
});
