import { Router } from "express";
import type { LiveEvent, LiveFeed } from "../market/index.ts";
import { Problem } from "../problem.ts";
import type { EventFeed, FeedEvent } from "./event-feed.ts";
import { readEventFilter } from "./event-filter.ts";

export interface EventStreams {
  feeds: readonly EventFeed[];
  live: readonly LiveFeed[];
  /** Each is an open connection; one too many is sent away. */
  maxStreams: number;
  heartbeatMs: number;
  /** Everybody who listens now. They are ended when the process stops, and go on elsewhere by Last-Event-ID. */
  open: Set<{ end(): unknown }>;
}

const READ_AT_ONCE = 500;
/** A listener that reads too slowly is cut off with this much unread; it goes on by Last-Event-ID. */
export const MAX_UNREAD_BYTES = 1_000_000;

/** GET /events: server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html). */
export function eventsRouter(streams: EventStreams): Router {
  const router = Router();
  router.get("/events", async (request, response) => {
    response.locals.route = "/events";
    const filter = readEventFilter(request.query);
    const asked = positionsOf(request.get("last-event-id") ?? request.query["last_event_id"]);
    if (streams.open.size >= streams.maxStreams) {
      response.set("Retry-After", "10");
      throw tooManyListen(streams);
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
    for (const feed of streams.live.filter(({ name }) => filter.wants(name))) followLive(feed);
    await Promise.all(
      streams.feeds.filter(({ kind }) => filter.wants(kind.name)).map((feed) => follow(feed)),
    );

    /** These have no ids: who comes back is told of the newest. */
    function followLive(feed: LiveFeed): void {
      const tell = (events: readonly LiveEvent[]) => {
        if (response.writableEnded) return;
        const wanted = events.filter((event) => filter.wantsLive(event));
        if (wanted.length === 0) return;
        response.write(wanted.map(({ data }) => `event: ${feed.name}\ndata: ${data}\n\n`).join(""));
        if (response.writableLength > MAX_UNREAD_BYTES) response.end();
      };
      ended.push(feed.subscribe(tell));
      tell(feed.newest());
    }

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
      if (filter.runId !== null && event.data.run_id !== filter.runId) return;
      response.write(`id: ${writePositions(sent)}\nevent: ${name}\ndata: ${JSON.stringify(event.data)}\n\n`);
      if (response.writableLength > MAX_UNREAD_BYTES) response.end();
    }
  });
  return router;
}

export function endStreams({ open, feeds }: EventStreams): void {
  for (const feed of feeds) feed.close();
  for (const stream of open) stream.end();
}

export function tooManyListen({ maxStreams }: EventStreams): Problem {
  return new Problem("too-many-requests", `${maxStreams} listen to events here, which is the most`);
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
