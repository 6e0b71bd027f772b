import { type Response, Router } from "express";
import { Problem } from "../problem.ts";
import type { EventFeed, FeedEvent } from "./event-feed.ts";

export interface EventStreams {
  feeds: readonly EventFeed[];
  /** Each is an open connection; one too many is sent away. */
  maxStreams: number;
  heartbeatMs: number;
  /** Everybody who listens now. They are ended when the process stops, and go on elsewhere by Last-Event-ID. */
  open: Set<Response>;
}

const READ_AT_ONCE = 500;
/** A listener that reads too slowly is cut off with this much unread; it goes on by Last-Event-ID. */
const MAX_UNREAD_BYTES = 1_000_000;

/** GET /events: server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html). */
export function eventsRouter(streams: EventStreams): Router {
  const router = Router();
  router.get("/events", async (request, response) => {
    response.locals.route = "/events";
    const runId = runIdOf(request.query["run_id"]);
    const asked = positionsOf(request.get("last-event-id") ?? request.query["last_event_id"]);
    if (streams.open.size >= streams.maxStreams) {
      response.set("Retry-After", "10");
      throw new Problem(
        "too-many-requests",
        `${streams.maxStreams} listen to events here, which is the most`,
      );
    }
    streams.open.add(response);
    const ended: (() => void)[] = [() => streams.open.delete(response)];
    response.on("close", () => ended.forEach((end) => end()));
    response.set({
      "Content-Type": "text/event-stream",
      "Cache-Control": "no-store",
      "X-Accel-Buffering": "no",
    });
    response.flushHeaders();
    response.write("retry: 2000\n\n");
    const heartbeat = setInterval(() => response.write(": still here\n\n"), streams.heartbeatMs);
    ended.push(() => clearInterval(heartbeat));

    const sent = new Map<string, number>();
    await Promise.all(streams.feeds.map((feed) => follow(feed)));

    /** First what happened since the listener's last event, then what happens. */
    async function follow(feed: EventFeed): Promise<void> {
      const { name } = feed.kind;
      const now = feed.position() ?? (await feed.kind.latest());
      if (response.closed) return;
      sent.set(name, Math.min(asked.get(name) ?? now, now));
      let waiting: FeedEvent[] | null = [];
      ended.push(feed.subscribe((event) => (waiting === null ? send(name, event) : waiting.push(event))));
      for (;;) {
        const missed = await feed.kind.after(sent.get(name) ?? now, READ_AT_ONCE);
        const upToNow = missed.filter(({ id }) => id <= now);
        for (const event of upToNow) send(name, event);
        if (upToNow.length < READ_AT_ONCE) break;
      }
      for (const event of waiting) send(name, event);
      waiting = null;
    }

    function send(name: string, event: FeedEvent): void {
      if (event.id <= (sent.get(name) ?? 0) || response.writableEnded) return;
      sent.set(name, event.id);
      if (runId !== null && event.data.run_id !== runId) return;
      response.write(`id: ${writePositions(sent)}\nevent: ${name}\ndata: ${JSON.stringify(event.data)}\n\n`);
      if (response.writableLength > MAX_UNREAD_BYTES) response.end();
    }
  });
  return router;
}

export function endStreams({ open, feeds }: EventStreams): void {
  for (const feed of feeds) feed.close();
  for (const response of open) response.end();
}

function runIdOf(given: unknown): string | null {
  if (given === undefined) return null;
  if (typeof given === "string" && /^\d{1,18}$/.test(given)) return given;
  throw badField("run_id", "should be the id of a run");
}

/** "run.12": the last event of each kind that the listener has had. */
function positionsOf(given: unknown): Map<string, number> {
  if (given === undefined) return new Map();
  if (typeof given !== "string" || !/^([a-z]+\.\d{1,15}_?)*$/.test(given)) {
    throw badField("last_event_id", "should be the id of an event as it was sent, such as run.12");
  }
  return new Map(
    given
      .split("_")
      .filter((part) => part !== "")
      .map((part) => {
        const [name = "", id = "0"] = part.split(".");
        return [name, Number(id)];
      }),
  );
}

function writePositions(positions: ReadonlyMap<string, number>): string {
  return [...positions].map(([name, id]) => `${name}.${id}`).join("_");
}

function badField(field: string, message: string): Problem {
  return new Problem("bad-request", `${field} ${message}`, { errors: [{ field, message }] });
}
