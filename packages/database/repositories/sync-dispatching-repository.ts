import { nextTime, whatIsWrongWithCron } from "@pricefleet/contracts";
import { sql } from "kysely";
import type { Database } from "../connect.ts";
import { ensureHosts } from "./host-repository.ts";

/** The dispatcher's side of syncs: targets of those that are asked for, and requests of those that are due. */

/** Whatever stands in for the site's socket is paced under the site's name. */
const HOST = { host: "data.tradingview.com", source: "tradingview", minDelayMs: 200, maxInFlight: 8 };
const CHART_PAGE = "https://www.tradingview.com/chart/?symbol=";

/** Makes a target, due at once, of every sync that is pending and has none under way. @returns how many. */
export async function startPendingSyncs(db: Database, limit: number): Promise<number> {
  const pending = sql`
    SELECT exchange || ':' || symbol AS instrument, interval FROM sync_status s
     WHERE state = 'pending' AND NOT EXISTS (
       SELECT FROM targets t
        WHERE t.run_id IS NULL AND t.queue = 'history_sync' AND t.source = ${HOST.source}
          AND t.external_id = s.exchange || ':' || s.symbol || ' ' || s.interval
          AND t.state IN ('pending', 'queued', 'running'))
     ORDER BY requested_at LIMIT ${limit}`;
  const { rows } = await pending.execute(db);
  if (rows.length === 0) return 0;
  await ensureHosts(db, [HOST]);
  const { numAffectedRows } = await sql`
    INSERT INTO targets AS t (queue, source, host, external_id, url)
    SELECT 'history_sync', ${HOST.source}, ${HOST.host}, instrument || ' ' || interval, ${CHART_PAGE}::text || instrument
      FROM (${pending}) p
    ON CONFLICT (queue, source, external_id) WHERE run_id IS NULL DO UPDATE
      SET state = 'pending', attempts = 0, lost_leases = 0, walls_met = 0, not_before = now(), finished_at = NULL,
          dead_lettered_at = NULL, error_class = NULL, reason = NULL, last_error = NULL
      WHERE t.state IN ('done', 'failed', 'dead', 'cancelled')`.execute(db);
  return Number(numAffectedRows ?? 0);
}

interface DueSchedule {
  id: string;
  name: string;
  cron: string;
  time_zone: string;
  next_run_at: Date | null;
  now: Date;
}

export interface FiredSync {
  name: string;
  /** Series that were asked for; those that were pending or under way are none of them. Null: this was no time of its. */
  asked: number | null;
  nextRunAt: Date;
  /** What is wrong with it; null: nothing. */
  wrong: string | null;
}

/** A schedule that nobody can read is looked at again after this: somebody may have mended it. */
const LOOK_AGAIN_MS = 3_600_000;

/**
 * Asks for the series of every schedule whose time has come, once however many times it missed, and gives it its next
 * time. A new schedule is given its first.
 */
export async function fireSyncSchedules(trx: Database): Promise<FiredSync[]> {
  const { rows } = await sql<DueSchedule>`
    SELECT id, name, cron, time_zone, next_run_at, now() AS now FROM sync_schedules
     WHERE enabled AND (next_run_at IS NULL OR next_run_at <= now()) ORDER BY id FOR UPDATE SKIP LOCKED`.execute(
    trx,
  );
  const fired: FiredSync[] = [];
  for (const schedule of rows) {
    const wrong = whatIsWrongWithCron(schedule.cron);
    const nextRunAt =
      wrong === null
        ? nextTime({ cron: schedule.cron, time_zone: schedule.time_zone }, schedule.now, 0)
        : new Date(schedule.now.getTime() + LOOK_AGAIN_MS);
    const isDue = wrong === null && schedule.next_run_at !== null;
    const asked = isDue ? await askForSeriesOf(trx, schedule.id) : null;
    await sql`
      UPDATE sync_schedules SET next_run_at = ${nextRunAt}, last_run_at = CASE WHEN ${isDue} THEN now() ELSE last_run_at END
       WHERE id = ${schedule.id}`.execute(trx);
    fired.push({ name: schedule.name, asked, nextRunAt, wrong });
  }
  return fired;
}

async function askForSeriesOf(trx: Database, scheduleId: string): Promise<number> {
  const { rows } = await sql<{ asked: number }>`
    SELECT count(*) FILTER (WHERE ask_sync(split_part(n.name, ':', 1), substr(n.name, strpos(n.name, ':') + 1), s.interval, s.n_bars))::integer AS asked
      FROM sync_schedules s
      CROSS JOIN LATERAL (
        SELECT unnest(s.symbols) AS name
        UNION ALL
        SELECT exchange || ':' || symbol FROM instruments WHERE s.symbols IS NULL AND enabled
      ) AS n
     WHERE s.id = ${scheduleId}`.execute(trx);
  return rows[0]?.asked ?? 0;
}
