import { setTimeout as sleep } from "node:timers/promises";
import { messageOf } from "@pricefleet/contracts";
import type { Logger } from "@pricefleet/logging";
import type { Database } from "./connect.ts";
import { endTerm, renewTerm, type Term, tryToLead } from "./repositories/leader-repository.ts";

interface LeadOptions {
  db: Database;
  logger: Logger;
  name: string;
  holder: string;
  stopping: AbortSignal;
  /**
   * Does the leader's work until `over` is aborted (the term passed to another, or the process was asked to stop), or
   * until a refused write shows that another leads.
   */
  work: (term: Term, over: AbortSignal) => Promise<void>;
}

const TERM_SECONDS = 15;
const RENEW_EVERY_MS = 4_000;
const TRY_EVERY_MS = 2_000;

/** Leads whenever it is this process's turn, and waits otherwise, until it is asked to stop. */
export async function leadUntilStopped({
  db,
  logger,
  name,
  holder,
  stopping,
  work,
}: LeadOptions): Promise<void> {
  while (!stopping.aborted) {
    const term = await tryToLead(db, name, holder, TERM_SECONDS).catch((error: unknown) => {
      logger.warn("could not ask who leads", { error: messageOf(error) });
      return null;
    });
    if (term === null) {
      await sleep(TRY_EVERY_MS, undefined, { signal: stopping }).catch(() => undefined);
      continue;
    }
    logger.info("leading", { name, epoch: term.epoch });
    await workForOneTerm(term);
  }

  async function workForOneTerm(term: Term): Promise<void> {
    const over = new AbortController();
    const stop = () => over.abort();
    stopping.addEventListener("abort", stop, { once: true });
    const renewing = setInterval(() => {
      renewTerm(db, term, TERM_SECONDS).then(
        (holds) => holds || stop(),
        (error: unknown) => logger.warn("could not prolong the term", { error: messageOf(error) }),
      );
    }, RENEW_EVERY_MS);
    try {
      await work(term, over.signal);
    } finally {
      clearInterval(renewing);
      stopping.removeEventListener("abort", stop);
      await endTerm(db, term).catch((error: unknown) =>
        logger.warn("the term ends by itself", { error: messageOf(error) }),
      );
    }
  }
}
