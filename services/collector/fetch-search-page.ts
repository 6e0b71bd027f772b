import { setTimeout as sleep } from "node:timers/promises";
import {
  BlockedError,
  failureOfPage,
  messageOf,
  NoWayOutError,
  type PageReading,
  PricefleetError,
  RateLimitedError,
  type Source,
} from "@pricefleet/contracts";
import {
  closeHost,
  rememberFetchMode,
  renewCollecting,
  reopenHost,
  reserveSlot,
  RunNotOursError,
  withRetries,
} from "@pricefleet/database";
import type { FetchedPage } from "@pricefleet/fetching";
import type { Desk } from "./desk.ts";

interface SearchPageRequest {
  url: string;
  source: Source;
  runId: string;
}

/** A page is asked for this often before the run gives up on it; waiting for a closed host is not a try. */
const TRIES = 5;
const CLOSINGS_SAT_OUT = 10;
const FIRST_BACKOFF_MS = 2_000;
const NO_WAY_OUT_DELAY_MS = 30_000;
/** The collector's lease on its run is renewed at least this often, however long it waits. */
const RENEW_EVERY_MS = 10_000;

/**
 * Fetches and reads one search page, keeping the host's clock and its patience.
 * @throws the last failure: permanent and changed at once, others after their tries; RunNotOursError when the run was
 * stopped or taken over meanwhile.
 */
export async function fetchSearchPage(request: SearchPageRequest, desk: Desk): Promise<PageReading> {
  const host = new URL(request.url).host;
  let closings = 0;
  for (let attempt = 1; ; ) {
    const slot = await withRetries(() => reserveSlot(desk.db, host));
    if (slot.closedReason !== null)
      desk.logger.info("waiting for the host", { host, because: slot.closedReason, wait_ms: slot.waitMs });
    await waitWithRun(slot.waitMs, request.runId, desk);
    try {
      return await fetchOnce(request, slot.fetchMode, desk);
    } catch (error) {
      if (!(error instanceof PricefleetError)) throw error;
      desk.logger.warn("search page failed", {
        url: request.url,
        attempt,
        reason: error.reason,
        error: error.message,
      });
      if (error instanceof BlockedError || error instanceof RateLimitedError) {
        if (++closings > CLOSINGS_SAT_OUT) throw error;
        const askedForMs = error instanceof RateLimitedError ? error.retryAfterMs : null;
        await withRetries(() => closeHost(desk.db, host, error.reason, askedForMs));
        continue;
      }
      if (error instanceof NoWayOutError) {
        // Nothing reached the site, so this was no try: the page is waited for as long as the run is wanted.
        await waitWithRun(NO_WAY_OUT_DELAY_MS * (0.5 + Math.random()), request.runId, desk);
        continue;
      }
      if (error.errorClass !== "temporary" || attempt >= TRIES) throw error;
      await waitWithRun(FIRST_BACKOFF_MS * 2 ** (attempt - 1) * (0.5 + Math.random()), request.runId, desk);
      attempt++;
    }
  }
}

async function fetchOnce(
  request: SearchPageRequest,
  rememberedMode: "http" | "browser" | null,
  desk: Desk,
): Promise<PageReading> {
  const { page, reading, learnedMode } = await desk.fetcher.fetchAndRead<PageReading>({
    url: request.url,
    mode: desk.fetchMode,
    rememberedMode,
    read: (fetched) => desk.sources.read(fetched, request.source),
    signal: desk.stopping,
  });
  const failure = failureOfPage(reading);
  if (failure !== null) {
    await keepForDebugging(page, request, desk);
    throw failure;
  }
  const { host } = new URL(request.url);
  if (learnedMode !== rememberedMode) await rememberFetchMode(desk.db, host, learnedMode);
  await reopenHost(desk.db, host);
  return reading;
}

async function keepForDebugging(page: FetchedPage, { runId }: SearchPageRequest, desk: Desk): Promise<void> {
  try {
    await desk.debugPages.save({
      targetId: `run-${runId}`,
      attempt: Date.now(),
      html: page.html,
      screenshot: page.screenshot,
    });
  } catch (error) {
    desk.logger.warn("the failed page could not be kept", { error: messageOf(error) });
  }
}

/** Sleeps without losing the run: the lease is renewed, and a run that was stopped ends the wait. */
async function waitWithRun(waitMs: number, runId: string, desk: Desk): Promise<void> {
  const until = Date.now() + waitMs;
  do {
    const isOurs = await withRetries(() => renewCollecting(desk.db, runId));
    if (!isOurs) throw new RunNotOursError(`run ${runId} was stopped or taken over`);
    await sleep(Math.min(RENEW_EVERY_MS, Math.max(0, until - Date.now())), undefined, {
      signal: desk.stopping,
    });
  } while (Date.now() < until);
}
