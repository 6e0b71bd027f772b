import { z } from "zod";
import type { ZodOpenApiOperationObject } from "zod-openapi";
import { problemSchema } from "../problem.ts";
import { eventFilter } from "./event-filter.ts";

const problem = (description: string) => ({
  description,
  content: { "application/problem+json": { schema: problemSchema } },
});

/** What /openapi.json says of the one route that answers without end. */
export const eventsOperation: ZodOpenApiOperationObject = {
  operationId: "getEvents",
  summary: "What happens, as it happens: server-sent events",
  description:
    'Events of kind `run` are lines of runs\' histories: `{"run_id","at","from","to","reason"}`: whoever comes back with Last-Event-ID misses none. Events of kind `quote` are the quotes of /quotes, the newest of each at first and then each that changes; those of kind `bar` are bars of /market-data/bars with exchange, symbol and interval, as they change. These two have no id: the newest is what counts. A comment comes every 15 s. The same comes over a WebSocket at /ws with the same parameters but last_event_id, each event as `{"event","data"}`; a message with these parameters in JSON replaces them.',
  tags: ["Events"],
  requestParams: {
    query: eventFilter.extend({
      last_event_id: z
        .string()
        .optional()
        .describe("As the header Last-Event-ID, for those who cannot send it"),
    }),
    header: z.object({ "Last-Event-ID": z.string().optional().describe("`id` of the last event that came") }),
  },
  responses: {
    "200": {
      description: "A stream that does not end",
      content: { "text/event-stream": { schema: z.string() } },
    },
    "400": problem("Something in the request is not right; `errors` names each field"),
    "429": problem("As many listen as may; see Retry-After"),
  },
};
