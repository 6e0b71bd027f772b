import type { RobotsAnswer, RobotsFile } from "@pricefleet/contracts";
import { sql } from "kysely";
import type { Database } from "../connect.ts";

interface KeptRobotsFile extends RobotsFile {
  crawlDelayMs: number | null;
  keptForSeconds: number;
}

/** Whoever fetches a file and is not heard of for this long makes room for another. */
const FETCHING_SECONDS = 60;
/** Before a file that cannot be reached is asked for again, while an older one serves. */
const OLD_FILE_SERVES = sql`interval '10 minutes'`;

/** The three as one thing, for those who are given a store and not a database. */
export function robotsStore(db: Database) {
  return {
    take: (origin: string, host: string) => takeRobotsFile(db, origin, host),
    keep: (origin: string, host: string, file: KeptRobotsFile) => keepRobotsFile(db, origin, host, file),
    release: (origin: string) => releaseRobotsFile(db, origin),
  };
}

/** One process of the fleet is told to fetch a file that is not known or too old, the others to wait for it. */
async function takeRobotsFile(db: Database, origin: string, host: string): Promise<RobotsAnswer> {
  const known = await db
    .selectFrom("robots_files")
    .select([
      sql.ref<"unknown" | RobotsFile["state"]>("state").as("state"),
      "body",
      "detail",
      sql<number>`(extract(epoch FROM expires_at - clock_timestamp()) * 1000)::float8`.as("freshForMs"),
    ])
    .where("origin", "=", origin)
    .where("expires_at", ">", sql<Date>`clock_timestamp()`)
    .executeTakeFirst();
  if (known !== undefined && known.state !== "unknown") {
    const { state, body, detail } = known;
    return { is: "kept", file: { state, body, detail }, freshForMs: known.freshForMs };
  }
  const { rows } = await sql`
    INSERT INTO robots_files AS r (origin, host, state, fetching_until)
    VALUES (${origin}, ${host}, 'unknown', clock_timestamp() + make_interval(secs => ${FETCHING_SECONDS}))
    ON CONFLICT (origin) DO UPDATE SET fetching_until = excluded.fetching_until
      WHERE r.expires_at <= clock_timestamp() AND (r.fetching_until IS NULL OR r.fetching_until <= clock_timestamp())
    RETURNING origin`.execute(db);
  return { is: rows.length > 0 ? "to-be-fetched" : "being-fetched" };
}

/**
 * Keeps what came of the fetch, for the whole fleet; its Crawl-delay goes to the host's clock. A file that cannot be
 * reached now does not replace one that was: RFC 9309 (2.4) lets the old one serve as long.
 */
async function keepRobotsFile(
  db: Database,
  origin: string,
  host: string,
  file: KeptRobotsFile,
): Promise<void> {
  await db.transaction().execute(async (trx) => {
    const { rows } = await sql<{ state: string }>`
      UPDATE robots_files
         SET state = CASE WHEN ${file.state} = 'unreachable' AND state = 'found' THEN state ELSE ${file.state} END,
             body = CASE WHEN ${file.state} = 'unreachable' THEN body ELSE ${file.body} END,
             detail = ${file.detail}, fetched_at = now(), fetching_until = NULL,
             expires_at = now() + CASE WHEN ${file.state} = 'unreachable' AND state = 'found' THEN ${OLD_FILE_SERVES}
                                       ELSE make_interval(secs => ${file.keptForSeconds}) END
       WHERE origin = ${origin} RETURNING state`.execute(trx);
    if (rows[0]?.state !== file.state) return;
    await trx
      .updateTable("hosts")
      .set({ crawl_delay_ms: file.crawlDelayMs })
      .where("host", "=", host)
      .where("crawl_delay_ms", "is distinct from", file.crawlDelayMs)
      .execute();
  });
}

/** The fetch was broken off; the next one who asks fetches it. */
async function releaseRobotsFile(db: Database, origin: string): Promise<void> {
  await db.updateTable("robots_files").set({ fetching_until: null }).where("origin", "=", origin).execute();
}
