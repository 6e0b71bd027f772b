import { PermanentError } from "@pricefleet/contracts";
import fc from "fast-check";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { bandsOf, hammingDistance, hashOfPhoto, PHOTO_DISTANCE } from "./index.ts";

const hash = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });

/** Shapes on a light ground, other ones for each seed. */
function drawn(seed: number) {
  const shapes = Array.from({ length: 12 }, (_, n) => {
    const at = (k: number) => {
      const mixed = Math.imul(Math.imul(seed * 31 + n, 0x9e3779b1) ^ (k * 0x85ebca6b), 0xc2b2ae35);
      return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
    };
    return `<rect x="${at(1) * 700}" y="${at(2) * 500}" width="${60 + at(3) * 240}" height="${60 + at(4) * 200}"
      fill="rgb(${at(5) * 255},${at(6) * 255},${at(7) * 255})"/>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="800" height="600"><rect width="800" height="600" fill="#eee"/>${shapes.join("")}</svg>`;
}

/** Drawn in another process's stead: this one reads no drawings. */
async function photo(seed: number) {
  sharp.unblock({ operation: ["VipsForeignLoadSvg"] });
  const png = await sharp(Buffer.from(drawn(seed)))
    .png()
    .toBuffer();
  sharp.block({ operation: ["VipsForeignLoadSvg"] });
  return png;
}

const seen = async (bytes: Uint8Array) => {
  const found = await hashOfPhoto(bytes);
  if (found === null) throw new Error("it is no plain surface");
  return found;
};

describe("the hash of a photo", () => {
  it.each([1, 2, 3, 4, 5, 6])(
    "stays nearly the same in another size, quality and format: photo %i",
    async (seed) => {
      const png = await photo(seed);
      const first = await seen(png);
      for (const other of [
        sharp(png).jpeg({ quality: 40 }),
        sharp(png).resize(225).jpeg({ quality: 75 }),
        sharp(png).resize(140).webp({ quality: 60 }),
        sharp(png).resize(500).avif(),
      ]) {
        expect(hammingDistance(first, await seen(await other.toBuffer()))).toBeLessThanOrEqual(
          PHOTO_DISTANCE,
        );
      }
    },
  );

  it("differs from that of another photo", async () => {
    const hashes: bigint[] = [];
    for (const seed of [1, 2, 3, 4, 5, 6]) hashes.push(await seen(await photo(seed)));
    for (const [at, one] of hashes.entries())
      for (const other of hashes.slice(at + 1))
        expect(hammingDistance(one, other)).toBeGreaterThan(PHOTO_DISTANCE);
  });

  it("a plain surface is no evidence", async () => {
    const plain = sharp({ create: { width: 300, height: 300, channels: 3, background: "#e4e4e4" } });
    expect(await hashOfPhoto(await plain.png().toBuffer())).toBeNull();
  });

  it.each([
    ["nothing", Buffer.alloc(0)],
    ["text", Buffer.from("<html>captcha</html>")],
    ["a drawing", Buffer.from(drawn(1))],
    ["a PDF", Buffer.from("%PDF-1.7 endobj")],
  ])("what is no photo is refused with its reason: %s", async (_, bytes) => {
    await expect(hashOfPhoto(bytes)).rejects.toMatchObject({
      errorClass: "permanent",
      reason: "not-a-photo",
    });
  });

  it("a photo that is cut off is refused", async () => {
    const png = await photo(1);
    await expect(hashOfPhoto(png.subarray(0, 200))).rejects.toMatchObject({ reason: "not-a-photo" });
  });

  it("a bomb is refused by its header, before it is unpacked", async () => {
    const huge = sharp({
      create: { width: 7_000, height: 7_000, channels: 3, background: "#000" },
      limitInputPixels: false,
    });
    const bytes = await huge.png({ compressionLevel: 9, palette: false }).toBuffer();
    expect(bytes.length).toBeLessThan(2_000_000);
    const before = process.memoryUsage().rss;
    await expect(hashOfPhoto(bytes)).rejects.toMatchObject({ reason: "not-a-photo" });
    expect(process.memoryUsage().rss - before).toBeLessThan(200 * 1024 * 1024);
  });

  it("no bytes make it throw anything else", async () => {
    const jpeg = await sharp(await photo(2))
      .jpeg()
      .toBuffer();
    await fc.assert(
      fc.asyncProperty(fc.nat(jpeg.length - 1), fc.uint8Array({ maxLength: 40 }), async (at, damage) => {
        const damaged = Buffer.from(jpeg);
        damaged.set(damage.slice(0, jpeg.length - at), at);
        const outcome = await hashOfPhoto(damaged).then(
          () => "read",
          (error: unknown) => (error instanceof PermanentError ? error.reason : error),
        );
        expect(["read", "not-a-photo"]).toContain(outcome);
      }),
      { numRuns: 60 },
    );
  });
});

describe("finding near hashes by their bands", () => {
  it("the distance is symmetric, 0 to itself, and counts the bits that differ", () => {
    fc.assert(
      fc.property(hash, hash, fc.uniqueArray(fc.nat(63), { maxLength: 64 }), (a, b, bits) => {
        expect(hammingDistance(a, b)).toBe(hammingDistance(b, a));
        expect(hammingDistance(a, a)).toBe(0);
        const flipped = bits.reduce((sum, bit) => sum ^ (1n << BigInt(bit)), a);
        expect(hammingDistance(a, flipped)).toBe(bits.length);
      }),
    );
  });

  it("two hashes within the distance have a band in common, whichever bits differ", () => {
    fc.assert(
      fc.property(hash, fc.uniqueArray(fc.nat(63), { maxLength: PHOTO_DISTANCE }), (a, bits) => {
        const near = BigInt.asIntN(
          64,
          bits.reduce((sum, bit) => sum ^ (1n << BigInt(bit)), a),
        );
        const bands = new Set(bandsOf(a));
        expect(bandsOf(near).some((band) => bands.has(band))).toBe(true);
      }),
    );
  });

  it("a band of one place is never one of another", () => {
    expect(new Set(bandsOf(0n)).size).toBe(PHOTO_DISTANCE + 1);
  });
});
