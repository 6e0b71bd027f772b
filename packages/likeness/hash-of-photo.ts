import { messageOf, PermanentError } from "@pricefleet/contracts";
import sharp from "sharp";

export const LARGEST_PHOTO_BYTES = 4 * 1024 * 1024;
/** A photo of a camera has no more; a bomb is refused by its header, before anything is unpacked. */
const MOST_PIXELS = 40_000_000;
const LONGEST_SECONDS = 5;
/** Neighbours that differ less, of 255, are equal: else the noise of a white background would decide. */
const LEAST_STEP = 4;
/** With fewer edges it is a plain surface, which is no evidence of anything. */
const FEWEST_EDGES = 4;
const [WIDTH, HEIGHT] = [9, 8];

// What shops show photos in. Other readers of libvips (SVG, PDF, ImageMagick) are not for bytes of strangers.
sharp.block({ operation: ["VipsForeignLoad"] });
sharp.unblock({
  operation: [
    "VipsForeignLoadJpegBuffer",
    "VipsForeignLoadPngBuffer",
    "VipsForeignLoadWebpBuffer",
    "VipsForeignLoadNsgifBuffer",
    "VipsForeignLoadHeifBuffer",
  ],
});
sharp.cache(false);
sharp.concurrency(1);

/**
 * The difference hash of a photo: 64 bits, each of which says whether a cell of 9 by 8 is brighter than the one to its
 * right (Neal Krawetz, "Kind of Like That", 2013). It stays nearly the same in another size, quality or format.
 * @returns null for a plain surface.
 * @throws PermanentError `not-a-photo` when the bytes are none of JPEG, PNG, WebP, GIF and AVIF, are damaged, too many pixels,
 * or take too long.
 */
export async function hashOfPhoto(bytes: Uint8Array): Promise<bigint | null> {
  const cells = await cellsOf(bytes);
  let hash = 0n;
  let edges = 0;
  for (let row = 0; row < HEIGHT; row++) {
    for (let column = 0; column < WIDTH - 1; column++) {
      const at = row * WIDTH + column;
      const isEdge = (cells[at] ?? 0) - (cells[at + 1] ?? 0) > LEAST_STEP;
      hash = (hash << 1n) | (isEdge ? 1n : 0n);
      edges += isEdge ? 1 : 0;
    }
  }
  return edges < FEWEST_EDGES ? null : BigInt.asIntN(64, hash);
}

async function cellsOf(bytes: Uint8Array): Promise<Buffer> {
  try {
    return await sharp(bytes, { limitInputPixels: MOST_PIXELS, sequentialRead: true })
      .timeout({ seconds: LONGEST_SECONDS })
      .autoOrient()
      .flatten({ background: "white" })
      .grayscale()
      .resize(WIDTH, HEIGHT, { fit: "fill", fastShrinkOnLoad: false })
      .raw()
      .toBuffer();
  } catch (error) {
    throw new PermanentError("not-a-photo", `the photo cannot be read: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
