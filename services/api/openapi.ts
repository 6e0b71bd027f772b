import { createDocument, type ZodOpenApiOperationObject, type ZodOpenApiPathsObject } from "zod-openapi";
import { eventsOperation } from "./events/describe-events.ts";
import { problemSchema, type ProblemStatus } from "./problem.ts";
import type { Route } from "./route.ts";

const problemTexts: Record<ProblemStatus, string> = {
  400: "Something in the request is not right; `errors` names each field",
  401: "The control token is missing or wrong, or control is off",
  404: "There is no such thing",
  409: "Not possible in the state it is in",
  413: "The body is too large",
  415: "The body is not JSON",
  429: "Too many requests from this address",
  500: "A mistake of the API",
  503: "The database does not answer",
};

/** The OpenAPI 3.1 document of these routes. */
export function describeRoutes(routes: readonly Route[]) {
  const paths: Record<string, Record<string, ZodOpenApiOperationObject>> = {};
  for (const route of routes) {
    paths[route.path] = { ...paths[route.path], [route.method]: describeRoute(route) };
  }
  paths["/events"] = { get: eventsOperation };
  return createDocument({
    openapi: "3.1.0",
    info: {
      title: "Pricefleet",
      version: "0.1.0",
      description:
        "Prices of things sold on web sites, each with its evidence. Amounts are decimal strings, times are UTC, ids are strings; unknown is null.",
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: "/" }, { url: "/api" }],
    components: {
      securitySchemes: {
        control: {
          type: "http",
          scheme: "bearer",
          description: "The CONTROL_TOKEN the API was started with",
        },
      },
    },
    paths: paths satisfies ZodOpenApiPathsObject,
  });
}

function describeRoute(route: Route): ZodOpenApiOperationObject {
  const isControl = route.method !== "get";
  const responses: ZodOpenApiOperationObject["responses"] = {};
  for (const status of problemsOf(route, isControl)) {
    responses[`${status}`] = {
      description: problemTexts[status],
      content: { "application/problem+json": { schema: problemSchema } },
    };
  }
  for (const [status, { description, schema, otherTypes = [] }] of Object.entries(route.responses)) {
    const others = otherTypes.map((type: string) => [type, { schema: { type: "string" } }]);
    responses[status as "200"] = {
      description,
      content: { "application/json": { schema }, ...Object.fromEntries(others) },
    };
  }
  return {
    operationId: operationId(route),
    summary: route.summary,
    ...(route.description === undefined ? {} : { description: route.description }),
    tags: [route.tag],
    ...(isControl ? { security: [{ control: [] }] } : {}),
    requestParams: { path: route.params, query: route.query },
    ...(route.body === undefined
      ? {}
      : { requestBody: { required: true, content: { "application/json": { schema: route.body } } } }),
    responses,
  };
}

function problemsOf(route: Route, isControl: boolean): ProblemStatus[] {
  return [
    400,
    ...(isControl ? ([401] as const) : []),
    ...route.problems,
    ...(route.body === undefined ? [] : ([413, 415] as const)),
    429,
    500,
    503,
  ];
}

/** get /runs/{id} is getRunsById. */
function operationId({ method, path }: Route): string {
  const words = path.split("/").filter((word) => word !== "");
  const capital = (word: string) => word.charAt(0).toUpperCase() + word.slice(1);
  const camel = (word: string) => word.split("-").map(capital).join("");
  const named = (word: string) => (word.startsWith("{") ? `By${capital(word.slice(1, -1))}` : camel(word));
  return method + words.map(named).join("");
}
