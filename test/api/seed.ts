import { catalogVersion, matchGpu } from "@pricefleet/catalog";
import type { Item } from "@pricefleet/contracts";
import {
  type Claim,
  claimTarget,
  type CollectingRun,
  type Database,
  ensureHosts,
  finishListing,
  startRun,
  storeSearchPage,
  takeDueTargets,
} from "@pricefleet/database";
import type { BaseRates } from "@pricefleet/pricing";

const HOST = "shop.example.com";

/** A thing for sale, as a search card tells of it. */
export function anItem(externalId: string, changes: Partial<Item> = {}): Item {
  return {
    external_id: externalId,
    url: `https://${HOST}/item/${externalId}`,
    title: `Thing ${externalId}`,
    amount: "10.00",
    amount_max: null,
    buy_it_now: null,
    currency: "EUR",
    shipping: "4.99",
    condition: "Used",
    availability: "in-stock",
    bids: null,
    ended: false,
    match: "exact",
    methods: { adapter: changes.amount ?? "10.00" },
    disagreed: [],
    confidence: 0.97,
    list_price: null,
    best_offer: false,
    seller: "a seller",
    image_url: null,
    ...changes,
  };
}

/** Starts a run as the collector does. */
export async function beginRun(db: Database, term: string, source = "sample"): Promise<CollectingRun> {
  await ensureHosts(db, [{ host: HOST, source, minDelayMs: 0, maxInFlight: 1_000 }]);
  return startRun(db, { source, term, url: null, maxPages: 0, enrichLimit: 0 });
}

/** Stores one search page with these cards. */
export async function storePage(
  db: Database,
  run: CollectingRun,
  items: readonly Item[],
  pageNumber = 1,
  host = HOST,
  baseRates?: BaseRates,
): Promise<void> {
  const cards = items.map(async (item) => ({
    item,
    host,
    digest: JSON.stringify(item),
    baseRate: (await baseRates?.of(item.currency)) ?? null,
    match: { catalogVersion, ...matchGpu(item.title) },
  }));
  await storeSearchPage(db, {
    runId: run.id,
    searchId: run.searchId,
    source: run.source,
    queue: "listing_enrichment",
    pageNumber,
    totalResults: items.length,
    cards: await Promise.all(cards),
    enrichLimit: 0,
    enrichMaxAgeHours: 24,
  });
}

/** Takes up to `limit` targets of a run in hand, as the publisher and a worker do; the rest of the run is queued then. */
export async function claimTargets(db: Database, runId: string, limit: number): Promise<Claim[]> {
  const claims: Claim[] = [];
  const due = await takeDueTargets(db, 1_000);
  for (const { targetId, publishId } of due.filter((target) => target.runId === runId).slice(0, limit)) {
    const answer = await claimTarget(db, {
      targetId,
      publishId,
      worker: "a test",
      leaseSeconds: 60,
      longestWaitMs: 5_000,
      slotsAhead: null,
      floorMs: 0,
      pastDeadline: false,
      movedByHand: false,
    });
    if (answer.outcome !== "claimed")
      throw new Error(`target ${targetId} was ${answer.outcome}: ${answer.why}`);
    claims.push(answer);
  }
  return claims;
}

/** Finishes a claim with what its listing's page says. */
export async function finishClaim(db: Database, claim: Claim, changes: Partial<Item> = {}): Promise<void> {
  const sha256 = claim.targetId.padStart(64, "0");
  await finishListing(db, {
    claim,
    item: anItem(claim.externalId, changes),
    details: {
      description: "A thing to have",
      images: [],
      specifics: { Brand: "Acme" },
      location: "Berlin",
      ends_at: null,
      seller_feedback_count: 12,
      seller_feedback_percent: 99.5,
    },
    snapshot: {
      sha256,
      path: `${sha256}.html.gz`,
      sizeBytes: 1_000,
      url: claim.url,
      source: claim.source,
      targetId: claim.targetId,
      fetchedBy: "http",
      pageState: "ok",
      fetchedAt: new Date(),
    },
    learnedMode: "http",
  });
}
