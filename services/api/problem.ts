import type { ErrorRequestHandler, Response } from "express";
import { messageOf } from "@pricefleet/contracts";
import { reportUnexpected } from "@pricefleet/logging";
import { isRetryable, NoSuchThingError, NotNowError } from "@pricefleet/database";
import { z } from "zod";

/** The kinds of problem; the last part of a problem's `type`, which programs may rely on. */
const kinds = {
  "bad-request": { status: 400, title: "The request is not right" },
  unauthorized: { status: 401, title: "The control token is missing or wrong" },
  "not-found": { status: 404, title: "There is no such thing" },
  conflict: { status: 409, title: "Not possible as things are now" },
  "too-large": { status: 413, title: "The body is too large" },
  "unsupported-media-type": { status: 415, title: "The body is not JSON" },
  "too-many-requests": { status: 429, title: "Too many requests" },
  internal: { status: 500, title: "Something went wrong here" },
  "database-unavailable": { status: 503, title: "The database does not answer" },
} as const;
type ProblemKind = keyof typeof kinds;
export type ProblemStatus = (typeof kinds)[ProblemKind]["status"];

/** RFC 9457, application/problem+json. */
export const problemSchema = z
  .strictObject({
    type: z.string().meta({ examples: ["urn:pricefleet:problem:bad-request"] }),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    instance: z.string().meta({ description: "The address that was asked for" }),
    request_id: z.string(),
    errors: z
      .array(z.strictObject({ field: z.string(), message: z.string() }))
      .optional()
      .meta({ description: "Of a 400: each field that is wrong, and what would be right" }),
    run_url: z.string().optional().meta({ description: "Of a 409: the run that is in the way" }),
    search_url: z.string().optional().meta({ description: "Of a 409: the search that is there already" }),
  })
  .meta({ id: "Problem" });
type ProblemDocument = z.infer<typeof problemSchema>;
type ProblemExtras = Pick<ProblemDocument, "errors" | "run_url" | "search_url">;

/** Thrown anywhere while a request is answered; becomes the answer. */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly kind: ProblemKind;
  readonly extras: ProblemExtras;
  constructor(kind: ProblemKind, detail: string, extras: ProblemExtras = {}) {
    super(detail);
    this.kind = kind;
    this.extras = extras;
  }
  get status(): ProblemStatus {
    return kinds[this.kind].status;
  }
}

function sendProblem(response: Response, problem: Problem): void {
  const document: ProblemDocument = {
    type: `urn:pricefleet:problem:${problem.kind}`,
    title: kinds[problem.kind].title,
    status: problem.status,
    detail: problem.message,
    instance: response.req.originalUrl,
    request_id: response.locals.requestId,
    ...problem.extras,
  };
  if (problem.kind === "unauthorized") response.set("WWW-Authenticate", 'Bearer realm="pricefleet control"');
  if (problem.kind === "database-unavailable") response.set("Retry-After", "5");
  response.status(problem.status).type("application/problem+json").send(JSON.stringify(document));
}

/** The last handler: whatever was thrown becomes a problem document, and what nobody expected is logged with its stack. */
export const answerWithProblem: ErrorRequestHandler = (error: unknown, _request, response, next) => {
  const problem = problemOf(error);
  if (problem.kind === "database-unavailable") {
    response.locals.log.warn("the database did not answer", { error: messageOf(error) });
  } else if (problem.kind === "internal") {
    const stack = error instanceof Error ? error.stack : undefined;
    reportUnexpected(error);
    response.locals.log.error("a request failed", { error: messageOf(error), stack });
  }
  // Half an answer has left already; Express cuts the connection, so that nobody takes it for a whole one.
  if (response.headersSent) return next(error);
  sendProblem(response, problem);
};

function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof NoSuchThingError) return new Problem("not-found", error.message);
  if (error instanceof NotNowError) {
    return new Problem(
      "conflict",
      error.message,
      error.runId === null ? {} : { run_url: `/runs/${error.runId}` },
    );
  }
  if (isRetryable(error)) {
    return new Problem(
      "database-unavailable",
      "The database does not answer now; ask again in a few seconds",
    );
  }
  return (
    problemOfExpress(error) ??
    new Problem("internal", "This is our mistake; the log has it under the request id")
  );
}

/** What Express and its body reader throw carries a status, and a type for the body's. */
function problemOfExpress(error: unknown): Problem | null {
  if (!(error instanceof Error) || !("status" in error)) return null;
  switch (error.status) {
    case 400:
      return "type" in error
        ? new Problem("bad-request", "The body cannot be read as JSON", {
            errors: [{ field: "body", message: error.message }],
          })
        : new Problem("bad-request", "The address is not properly encoded");
    case 413:
      return new Problem("too-large", "A body has at most 64 KiB");
    case 415:
      return new Problem("unsupported-media-type", error.message);
    default:
      return null;
  }
}
