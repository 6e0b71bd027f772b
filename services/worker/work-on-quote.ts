import {
  failureOfPage,
  LayoutChangedError,
  type PageReading,
  PermanentError,
  TemporaryError,
} from "@pricefleet/contracts";
import {
  type Claim,
  countRejections,
  doubtRefresh,
  finishQuote,
  pageInstrument,
  type PageInstrument,
  withRetries,
} from "@pricefleet/database";
import { createDocumentCount, type DocumentCount, type FetchedPage } from "@pricefleet/fetching";
import type { Delivery } from "@pricefleet/queue";
import { checkQuote } from "./check-quote.ts";
import { claimDelivery } from "./claim-delivery.ts";
import { countBeyondSlot } from "./count-beyond-slot.ts";
import { giveUpLease } from "./give-up-lease.ts";
import { keepLease } from "./keep-lease.ts";
import { settleFailure } from "./settle-failure.ts";
import { waitForSlot } from "./wait-for-slot.ts";
import type { Workbench } from "./workbench.ts";

/** A quote that takes longer is old when it comes; the next refresh is better. */
const LONGEST_FETCH_MS = 30_000;
/** Prolonged while the worker lives; one that is killed costs the instrument no more than this, or its backoff. */
const LONGEST_LEASE_SECONDS = 15;

/**
 * One refresh of an instrument's quote from delivery to its end: claim, fetch, read, check, store. When it resolves, the
 * message is acknowledged, and the target is due again after its pause or its backoff.
 */
export async function workOnQuote(delivery: Delivery, bench: Workbench): Promise<void> {
  const { logger } = bench;
  const leaseSeconds = Math.min(bench.leaseSeconds, LONGEST_LEASE_SECONDS);
  const claim = await claimDelivery(delivery, bench, leaseSeconds);
  if (claim === null) {
    const { target_id: targetId, publish_id: publishId } = delivery.message;
    return withRetries(() => doubtRefresh(bench.db, targetId, publishId));
  }

  using _ = keepLease(claim, leaseSeconds, bench);
  const documents = createDocumentCount(claim.host);
  let page: FetchedPage | null = null;
  try {
    const instrument = await theInstrumentOf(claim, bench);
    await waitForSlot(claim, bench);
    const fetched = await fetchQuote(claim, instrument, documents, bench);
    page = fetched.page;
    const price = await theQuoteIn(fetched.reading, instrument, bench);
    const atMs = page.fetchedAt.getTime() + page.durationMs;
    const quote = {
      instrumentId: instrument.id,
      price,
      bid: null,
      ask: null,
      dayVolume: null,
      source: "page",
      atMs,
    };
    const isStored = await withRetries(() => finishQuote(bench.db, claim, quote));
    if (!isStored) return await giveUpLease({ delivery }, bench);
    bench.quotes.tell(instrument.id);
    logger.debug("quote stored", {
      instrument: instrument.name,
      price,
      fetched_by: page.fetchedBy,
      duration_ms: page.durationMs,
    });
  } catch (error) {
    await settleFailure(error, { claim, delivery, page }, bench);
  } finally {
    await countBeyondSlot(documents, bench);
  }
}

/** The dispatcher cancels the target of an instrument that is no more within seconds. */
async function theInstrumentOf(claim: Claim, bench: Workbench): Promise<PageInstrument> {
  const instrument = await withRetries(() => pageInstrument(bench.db, claim.externalId));
  if (instrument !== null) return instrument;
  throw new PermanentError("no-instrument", `instrument ${claim.externalId} was removed or switched off`);
}

async function fetchQuote(
  claim: Claim,
  { name, pageSelector }: PageInstrument,
  documents: DocumentCount,
  bench: Workbench,
) {
  const source = bench.sources.byName(claim.source);
  const late = new TemporaryError("timeout", `${claim.url} took over ${LONGEST_FETCH_MS} ms`);
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(late), LONGEST_FETCH_MS);
  try {
    return await bench.fetcher.fetchAndRead<PageReading>({
      url: claim.url,
      mode: bench.fetchMode,
      // Pages of quotes come empty and are filled by scripts. Without a browser, mode auto is HTTP.
      rememberedMode: "browser",
      // What one scrape was given to keep must not decide what the next one is shown.
      asStranger: true,
      read: (page) => bench.sources.readQuote(page, source, { symbol: name, selector: pageSelector }),
      onDocument: (url) => documents.note(url),
      signal: stop.signal,
    });
  } finally {
    clearTimeout(timer);
  }
}

/**
 * The price on the page. What cannot be it is counted, and the last valid one stays.
 * @throws what the page's state amounts to; LayoutChangedError `quote-rejected`.
 */
async function theQuoteIn(
  reading: PageReading,
  instrument: PageInstrument,
  bench: Workbench,
): Promise<string> {
  const [quote] = reading.quotes ?? [];
  if (quote === undefined) {
    throw failureOfPage(reading) ?? new LayoutChangedError("layout-changed", "the page has no quote on it");
  }
  const checked = checkQuote(quote, instrument);
  if ("price" in checked) return checked.price;
  const { reason } = checked;
  const rejection = { instrumentId: instrument.id, text: quote.text.slice(0, 200), reason, count: 1 };
  await withRetries(() => countRejections(bench.db, [rejection]));
  throw new LayoutChangedError(
    "quote-rejected",
    `"${quote.text.slice(0, 200)}" was not taken for ${instrument.name}: ${reason}`,
  );
}
