// make k8s-collect: asks the cluster for one run, and follows it to its end.
import { setTimeout as delay } from "node:timers/promises";
import { BadEnvironmentError, ExitCode, parseEnvironment, wholeNumber } from "@pricefleet/contracts";
import { z } from "zod";
import { apiClient, type RunOrder, type RunStatus } from "../api-client.ts";
import { runCommand } from "../command.ts";
import { describeOutcome } from "../describe-outcome.ts";
import { patientQuestion } from "../patient-question.ts";
import { describeProgress, hasEnded, progressBar } from "../run-progress.ts";
import { statusLine } from "../terminal/status-line.ts";
import { type Namespace, requireNamespace } from "./namespace.ts";
import type { Way } from "./port-forward.ts";
import { controlToken, reachApi } from "./reach-api.ts";

const POLL_MS = 1_000;
const BAR_WIDTH = 20;

const optionalText = z
  .string()
  .optional()
  .transform((text) => (text?.trim() === "" ? undefined : text?.trim()));
const collectEnvironment = z.object({
  SOURCE: z.string().default("ebay"),
  SEARCH_TERM: optionalText,
  SEARCH_URL: optionalText,
  MAX_PAGES: wholeNumber(0, 100_000).optional(),
  ENRICH_LIMIT: wholeNumber(0, 10_000_000).optional(),
  /** A collector that cannot start for the same reason for this long is not waited for any longer. */
  START_SECONDS: wholeNumber(1, 86_400).default(180),
});

await runCommand(async (interrupted) => {
  const { START_SECONDS: startSeconds, ...wishes } = parseEnvironment(collectEnvironment);
  const order = orderOf(wishes);
  const namespace = requireNamespace();
  await using closers = new AsyncDisposableStack();
  const way = await reachApi(namespace);
  closers.defer(() => way.close());
  const api = apiClient(await way.url());
  const { id, wasUnderWay } = await api.startRun(order, controlToken(namespace));
  console.error(
    wasUnderWay ? `Run ${id} of this search is under way already; following it.` : `Run ${id} is asked for.`,
  );
  try {
    // Awaited here, for the way is closed when this function is left.
    return await follow(id, way, startSeconds * 1_000, interrupted);
  } finally {
    if (interrupted.aborted) console.error(howToStop(namespace, id));
  }
});

function orderOf(wishes: Omit<z.infer<typeof collectEnvironment>, "START_SECONDS">): RunOrder {
  const { SOURCE, SEARCH_TERM, SEARCH_URL, MAX_PAGES, ENRICH_LIMIT } = wishes;
  if ((SEARCH_TERM === undefined) === (SEARCH_URL === undefined)) {
    throw new BadEnvironmentError(
      "SEARCH_TERM",
      SEARCH_TERM,
      'words to search for, or SEARCH_URL a search page, and only one of them: make k8s-collect SEARCH_TERM="thinkpad x1"',
    );
  }
  return {
    source: SOURCE,
    ...(SEARCH_TERM !== undefined && { term: SEARCH_TERM }),
    ...(SEARCH_URL !== undefined && { url: SEARCH_URL }),
    ...(MAX_PAGES !== undefined && { max_pages: MAX_PAGES }),
    ...(ENRICH_LIMIT !== undefined && { enrich_limit: ENRICH_LIMIT }),
  };
}

/** Shows the run until it has ended, and says each new reason why its collector cannot start. */
async function follow(id: string, way: Way, startMs: number, interrupted: AbortSignal): Promise<number> {
  const line = statusLine();
  const question = patientQuestion(async () => apiClient(await way.url()).run(id));
  let told: string | null = null;
  let stuckSince = 0;
  try {
    for (;;) {
      interrupted.throwIfAborted();
      const run = await question();
      const stuck: string | null = run === null ? told : whyStuck(run);
      if (stuck !== told) {
        told = stuck;
        stuckSince = Date.now();
        if (stuck !== null) {
          line.end();
          console.error(`The collector ${run?.collector?.name} is ${run?.collector?.state}: ${stuck}`);
        }
      }
      if (run !== null) line.show(oneLine(run));
      if (run !== null && hasEnded(run)) {
        line.end();
        return tellOutcome(run);
      }
      if (stuck !== null && Date.now() - stuckSince > startMs) {
        line.end();
        console.error(
          `Not waited for any longer (START_SECONDS). Run ${id} goes on by itself once that is mended; the same command follows it again.`,
        );
        return ExitCode.runFailed;
      }
      await delay(POLL_MS, undefined, { signal: interrupted }).catch(() => undefined);
    }
  } finally {
    line.end();
  }
}

/** Null while the collector works, has done its part, or has nothing to say. */
function whyStuck({ collector, state }: RunStatus): string | null {
  if (collector === null || state === "paused") return null;
  return ["pending", "failed", "gone"].includes(collector.state) ? collector.message : null;
}

function oneLine(run: RunStatus): string {
  const beginning =
    run.pages_read === 0 && run.collector?.state !== "completed"
      ? `collector ${run.collector?.state ?? "not yet there"} · `
      : "";
  return `${progressBar(run, BAR_WIDTH)}  ${beginning}${describeProgress(run)}`;
}

function tellOutcome(run: RunStatus): number {
  const { lines, everythingFinished } = describeOutcome(run);
  for (const line of lines) console.log(line);
  return everythingFinished ? ExitCode.ok : ExitCode.runFailed;
}

/** By the API's pod, which knows the token, so that it works wherever kubectl does. */
function howToStop({ command }: Namespace, id: string): string {
  const ask = `fetch("http://localhost:8080/runs/${id}/stop",{method:"POST",headers:{authorization:"Bearer "+process.env.CONTROL_TOKEN}}).then(a=>a.text()).then(console.log)`;
  return `Run ${id} goes on in the cluster. To stop it:\n  ${command.join(" ")} exec deployment/api -- node -e '${ask}'`;
}
