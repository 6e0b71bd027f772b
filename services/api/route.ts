import type { Database } from "@pricefleet/database";
import type { Sources } from "@pricefleet/sources";
import { type RequestHandler, Router } from "express";
import { z } from "zod";
import type { DebugPages } from "./debug-pages.ts";
import type { Market } from "./market/index.ts";
import { Problem, type ProblemStatus } from "./problem.ts";

/** What routes answer from. */
export interface Means {
  db: Database;
  /** To refuse at once what no collector could read. */
  sources: Sources;
  debugPages: DebugPages;
  market: Market;
  /** What prices are valued in. */
  baseCurrency: string;
}

/** By status. */
interface Responses {
  [status: number]: {
    description: string;
    schema: z.ZodType;
    /** Media types beside JSON in which it may come. */
    otherTypes?: readonly string[];
  };
}

/** What was written already, as it leaves. */
interface Written {
  status: number;
  document: { type: string; body: Buffer };
  headers?: Record<string, string>;
}

type Answer<R extends Responses> =
  | {
      [Status in keyof R & number]: {
        status: Status;
        body: z.output<R[Status]["schema"]>;
        headers?: Record<string, string>;
      };
    }[keyof R & number]
  | Written;

const nothing = z.strictObject({});
type Nothing = typeof nothing;

/**
 * One route: what it takes, what it gives, and the function from one to the other. The same schemas check the request,
 * type the answer and write /openapi.json.
 */
interface RouteDefinition<
  Params extends z.ZodObject,
  Query extends z.ZodObject,
  Body extends z.ZodObject,
  R extends Responses,
> {
  method: "get" | "post" | "patch" | "delete";
  /** As OpenAPI writes it: /runs/{id}. */
  path: string;
  tag: string;
  summary: string;
  description?: string;
  params?: Params;
  query?: Query;
  body?: Body;
  responses: R;
  /** The problems of this route, beside those that any route may have. */
  problems?: readonly ProblemStatus[];
  answer(
    request: Means & {
      params: z.output<Params>;
      query: z.output<Query>;
      body: z.output<Body>;
      requestId: string;
      /** Of the media types given, the one the caller likes best. */
      preferredType: PreferredType;
    },
  ): Promise<Answer<NoInfer<R>>>;
}

type PreferredType = (types: string[]) => string | null;

interface RawRequest {
  params: unknown;
  query: unknown;
  body: unknown;
}

/** A route whose types are settled: what the router and the OpenAPI document need of it. */
export interface Route
  extends Pick<RouteDefinition<never, never, never, Responses>, "method" | "path" | "tag" | "summary"> {
  description: string | undefined;
  params: z.ZodObject;
  query: z.ZodObject;
  body: z.ZodObject | undefined;
  responses: Responses;
  problems: readonly ProblemStatus[];
  respond(
    raw: RawRequest,
    context: { requestId: string; preferredType: PreferredType },
    means: Means,
  ): Promise<Answer<Responses>>;
}

export function defineRoute<
  R extends Responses,
  Params extends z.ZodObject = Nothing,
  Query extends z.ZodObject = Nothing,
  Body extends z.ZodObject = Nothing,
>(definition: RouteDefinition<Params, Query, Body, R>): Route {
  const { params = nothing, query = nothing, body = nothing } = definition;
  return {
    method: definition.method,
    path: definition.path,
    tag: definition.tag,
    summary: definition.summary,
    description: definition.description,
    params,
    query,
    body: definition.body,
    responses: definition.responses,
    problems: definition.problems ?? [],
    respond: async (raw, context, means) => {
      const parsed = checkParts({ params, query, body }, raw);
      // The parts were parsed with these very schemas, which TypeScript cannot see through the defaults.
      return definition.answer({ ...parsed, ...means, ...context } as never);
    },
  };
}

/** Checks all parts before it complains, so that one answer names everything that is wrong. */
function checkParts(schemas: Record<keyof RawRequest, z.ZodObject>, raw: RawRequest) {
  const errors: { field: string; message: string }[] = [];
  const check = (part: keyof RawRequest) => {
    const result = schemas[part].safeParse(raw[part] ?? {});
    if (!result.success)
      errors.push(...result.error.issues.flatMap((issue) => explain(issue, part, schemas[part], raw[part])));
    return result.data;
  };
  const parsed = { params: check("params"), query: check("query"), body: check("body") };
  if (errors.length === 0) return parsed;
  throw new Problem("bad-request", errors.map(({ field, message }) => `${field} ${message}`).join("; "), {
    errors,
  });
}

function explain(issue: z.core.$ZodIssue, part: keyof RawRequest, schema: z.ZodObject, raw: unknown) {
  if (issue.code === "unrecognized_keys" && issue.path.length > 0) {
    const message = `is not known there; ${issue.path.join(".")} should be ${issue.message}`;
    return issue.keys.map((key) => ({ field: [...issue.path, key].join("."), message }));
  }
  if (issue.code === "unrecognized_keys") {
    const known = Object.keys(schema.shape);
    const message =
      known.length === 0 ? "is not known; none is" : `is not known; known are ${known.join(", ")}`;
    return issue.keys.map((field) => ({ field, message }));
  }
  if (issue.path.length === 0) return [{ field: part, message: "is not an object; it should be one" }];
  const field = issue.path.join(".");
  const got = issue.path.reduce<unknown>(
    (value, key) => (value as Record<PropertyKey, unknown> | undefined)?.[key],
    raw,
  );
  const is = got === undefined ? "is missing" : `is ${JSON.stringify(got).slice(0, 200)}`;
  return [{ field, message: `${is}; it should be ${issue.message}` }];
}

export function routerOf(routes: readonly Route[], means: Means): Router {
  const router = Router();
  for (const route of routes) {
    router[route.method](route.path.replaceAll(/\{(\w+)\}/g, ":$1"), handlerOf(route, means));
  }
  return router;
}

function handlerOf(route: Route, means: Means): RequestHandler {
  return async (request, response) => {
    response.locals.route = route.path;
    if (route.body !== undefined && request.body === undefined) {
      throw new Problem("unsupported-media-type", "Send the body with Content-Type: application/json");
    }
    const context = {
      requestId: response.locals.requestId,
      preferredType: (types: string[]) => request.accepts(types) || null,
    };
    const answer = await route.respond(request, context, means);
    response.status(answer.status).set(answer.headers ?? {});
    if ("document" in answer) response.type(answer.document.type).send(answer.document.body);
    else response.json(answer.body);
  };
}
