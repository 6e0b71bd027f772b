import { messageOf, NotYetError, PermanentError, PricefleetError } from "@pricefleet/contracts";
import {
  type Claim,
  ensureHosts,
  groupListings,
  isRetryable,
  keepPhoto,
  type Lookalike,
  noteGoodPage,
  photoToLookAt,
  releaseProbe,
  reserveSlot,
} from "@pricefleet/database";
import { createDocumentCount } from "@pricefleet/fetching";
import { reportUnexpected } from "@pricefleet/logging";
import { countBeyondSlot } from "./count-beyond-slot.ts";
import { tellHost } from "./tell-host.ts";
import { LONGEST_WAIT_MS, waitForSlot } from "./wait-for-slot.ts";
import type { Workbench } from "./workbench.ts";

const LONGEST_FETCH_MS = 15_000;
/** Loaded with the first photo: the decoders take 50 MB, which a worker that sees no photos has better uses for. */
const loadLikeness = () => import("@pricefleet/likeness");

/**
 * Looks at a listing's first photo, once for each address, and groups the listing with those that have nearly the same
 * title and the same photo. The listing is stored and its target done whatever happens here: a photo that fails for good
 * is noted, one that fails for now is left for the next time that the listing's page is read.
 */
export async function lookAtPhoto(
  { claim, url }: { claim: Claim; url: string | null },
  bench: Workbench,
): Promise<void> {
  if (!bench.comparesPhotos || url === null || isDrawing(url)) return;
  const { db, logger } = bench;
  try {
    const listing = await photoToLookAt(db, claim, url);
    if (listing === null) return;
    const { isNearlySameTitle, PHOTO_DISTANCE } = await loadLikeness();
    const { seen, failure } = await hashAt(url, claim, bench);
    const lookalikes = await keepPhoto(
      db,
      { listingId: listing.listingId, url, seen, failure },
      PHOTO_DISTANCE,
    );
    const duplicates = lookalikes.filter(({ title }) => isNearlySameTitle(title, listing.title));
    if (duplicates.length > 0) await groupWith(duplicates, listing, bench);
  } catch (error) {
    const isExpected = error instanceof PricefleetError || isRetryable(error);
    if (!isExpected) reportUnexpected(error);
    logger.log(error instanceof NotYetError ? "debug" : "warn", "the photo is not looked at", {
      photo_url: url,
      error: messageOf(error),
    });
  }
}

/** An outline is the same for many things, and takes a renderer. */
function isDrawing(url: string): boolean {
  return /\.svg$/i.test(URL.parse(url)?.pathname ?? "");
}

async function groupWith(duplicates: readonly Lookalike[], listing: Lookalike, bench: Workbench) {
  const ids = [listing, ...duplicates].map(({ listingId }) => listingId);
  await groupListings(bench.db, ids);
  bench.logger.info("the listing seems to be offered more than once", { listings: ids });
}

/** @throws what may be different at another time. */
async function hashAt(url: string, claim: Claim, bench: Workbench) {
  const { bandsOf, hashOfPhoto, LARGEST_PHOTO_BYTES } = await loadLikeness();
  try {
    const hash = await hashOfPhoto(await fetchPolitely({ url, maxBytes: LARGEST_PHOTO_BYTES }, claim, bench));
    if (hash === null) return { seen: null, failure: "a plain surface" };
    return { seen: { hash, bands: bandsOf(hash) }, failure: null };
  } catch (error) {
    if (error instanceof PermanentError) return { seen: null, failure: messageOf(error) };
    throw error;
  }
}

/** In a slot of the photo's own host, by its own robots.txt. */
async function fetchPolitely(
  { url, maxBytes }: { url: string; maxBytes: number },
  claim: Claim,
  bench: Workbench,
): Promise<Buffer> {
  const { db } = bench;
  const host = URL.parse(url)?.host ?? "";
  if (host === "")
    throw new PermanentError("not-http", `"${url.slice(0, 200)}" is not an address of a photo`);
  const { minDelayMs, maxInFlight } = bench.sources.byName(claim.source).politeness;
  await ensureHosts(db, [{ host, source: claim.source, minDelayMs, maxInFlight }]);
  const answer = await reserveSlot(db, host, {
    longestWaitMs: LONGEST_WAIT_MS,
    floorMs: bench.hostMinDelayMs,
  });
  if (!answer.granted) throw new NotYetError("waits-for-host", answer.why, answer.waitMs);
  const visit = { url, source: claim.source, host, slot: answer };
  const documents = createDocumentCount(host);
  try {
    await waitForSlot(visit, bench);
    const bytes = await bench.fetcher.fetchPhoto(url, {
      maxBytes,
      timeoutMs: LONGEST_FETCH_MS,
      onDocument: (at) => documents.note(at),
    });
    await noteGoodPage(db, host, null);
    return bytes;
  } catch (error) {
    if (error instanceof NotYetError && answer.isProbe) await releaseProbe(db, host);
    else await tellHost(error, visit, bench);
    throw error;
  } finally {
    await countBeyondSlot(documents, bench);
  }
}
