import { type Kysely, sql } from "kysely";

/**
 * The book of work: what to search, which runs there were, how politely each host is to be met, and one row
 * for each unit of work. Every message on RabbitMQ is a row here first.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE TABLE price_tracker.searches (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      source text NOT NULL,
      term text,
      url text,
      max_pages integer NOT NULL DEFAULT 0 CHECK (max_pages >= 0),
      enrich_limit integer NOT NULL DEFAULT 0 CHECK (enrich_limit >= 0),
      enabled boolean NOT NULL DEFAULT true,
      interval_seconds integer CHECK (interval_seconds >= 60),
      next_run_at timestamptz,
      created_at timestamptz NOT NULL DEFAULT now(),
      CONSTRAINT a_search_is_words_or_an_address CHECK (num_nonnulls(term, url) = 1)
    )`.execute(db);
  await sql`COMMENT ON COLUMN price_tracker.searches.interval_seconds IS 'null: runs only when asked for'`.execute(
    db,
  );
  await sql`
    CREATE UNIQUE INDEX searches_identity ON price_tracker.searches (source, coalesce(term, ''), coalesce(url, ''))
  `.execute(db);
  await sql`
    CREATE INDEX searches_due ON price_tracker.searches (next_run_at) WHERE enabled AND next_run_at IS NOT NULL
  `.execute(db);

  await sql`
    CREATE TABLE price_tracker.runs (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      search_id bigint NOT NULL REFERENCES price_tracker.searches,
      state text NOT NULL DEFAULT 'initializing'
        CHECK (state IN ('idle', 'initializing', 'processing', 'paused', 'completed', 'error')),
      max_pages integer NOT NULL DEFAULT 0,
      enrich_limit integer NOT NULL DEFAULT 0,
      next_page integer NOT NULL DEFAULT 1,
      pages_read integer NOT NULL DEFAULT 0,
      total_results integer,
      found integer NOT NULL DEFAULT 0,
      confirmed integer NOT NULL DEFAULT 0,
      collecting_until timestamptz,
      collected_at timestamptz,
      error text,
      created_at timestamptz NOT NULL DEFAULT now(),
      finished_at timestamptz
    )`.execute(db);
  await sql`COMMENT ON COLUMN price_tracker.runs.found IS 'distinct listings on the pages read so far'`.execute(
    db,
  );
  await sql`
    COMMENT ON COLUMN price_tracker.runs.confirmed IS 'of those found, the ones whose card sufficed: no target was made'
  `.execute(db);
  await sql`
    COMMENT ON COLUMN price_tracker.runs.collecting_until IS 'the collector''s lease: past it, another one continues at next_page'
  `.execute(db);
  await sql`
    CREATE UNIQUE INDEX runs_one_active_a_search ON price_tracker.runs (search_id)
    WHERE state IN ('initializing', 'processing', 'paused')`.execute(db);
  await sql`
    CREATE INDEX runs_active ON price_tracker.runs (id) WHERE state IN ('initializing', 'processing')
  `.execute(db);

  await sql`
    CREATE TABLE price_tracker.run_events (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      run_id bigint NOT NULL REFERENCES price_tracker.runs ON DELETE CASCADE,
      at timestamptz NOT NULL DEFAULT now(),
      from_state text,
      to_state text NOT NULL,
      reason text NOT NULL
    )`.execute(db);
  await sql`CREATE INDEX run_events_of_run ON price_tracker.run_events (run_id, id)`.execute(db);

  await sql`
    CREATE TABLE price_tracker.hosts (
      host text PRIMARY KEY,
      source text NOT NULL,
      min_delay_ms integer NOT NULL CHECK (min_delay_ms >= 0),
      max_in_flight integer NOT NULL CHECK (max_in_flight > 0),
      next_slot_at timestamptz NOT NULL DEFAULT '-infinity',
      fetch_mode text CHECK (fetch_mode IN ('http', 'browser')),
      closed_until timestamptz,
      closed_reason text,
      consecutive_closings integer NOT NULL DEFAULT 0
    )`.execute(db);
  await sql`COMMENT ON COLUMN price_tracker.hosts.fetch_mode IS 'what the host was learned to need; null: not known yet'`.execute(
    db,
  );
  await sql`
    COMMENT ON COLUMN price_tracker.hosts.closed_until IS 'no request before this: the host showed a wall or asked for patience'
  `.execute(db);

  await sql`
    CREATE TABLE price_tracker.targets (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      run_id bigint NOT NULL REFERENCES price_tracker.runs ON DELETE CASCADE,
      queue text NOT NULL CHECK (queue IN ('listing_enrichment', 'quote_refresh', 'history_sync')),
      source text NOT NULL,
      host text NOT NULL REFERENCES price_tracker.hosts,
      external_id text NOT NULL,
      url text NOT NULL,
      state text NOT NULL DEFAULT 'pending'
        CHECK (state IN ('pending', 'queued', 'running', 'done', 'failed', 'dead', 'cancelled')),
      attempts integer NOT NULL DEFAULT 0,
      lost_leases integer NOT NULL DEFAULT 0,
      publish_id integer NOT NULL DEFAULT 0,
      not_before timestamptz NOT NULL DEFAULT now(),
      republish_after timestamptz,
      lease_token uuid,
      lease_expires_at timestamptz,
      worker text,
      error_class text,
      reason text,
      last_error text,
      dead_lettered_at timestamptz,
      created_at timestamptz NOT NULL DEFAULT now(),
      started_at timestamptz,
      finished_at timestamptz,
      CONSTRAINT targets_once_a_run UNIQUE (run_id, source, external_id),
      CONSTRAINT a_running_target_has_a_lease CHECK (state <> 'running' OR (lease_token IS NOT NULL AND lease_expires_at IS NOT NULL)),
      CONSTRAINT a_queued_target_is_published_again CHECK (state <> 'queued' OR republish_after IS NOT NULL)
    ) WITH (fillfactor = 80)`.execute(db);
  // One index for each question that is asked while work flows; all but the first are small, since they are partial.
  await sql`CREATE INDEX targets_of_run ON price_tracker.targets (run_id, state)`.execute(db);
  await sql`
    CREATE INDEX targets_pending ON price_tracker.targets (run_id, host, queue, not_before, id) WHERE state = 'pending'
  `.execute(db);
  await sql`CREATE INDEX targets_on_the_belt ON price_tracker.targets (host, queue) WHERE state = 'queued'`.execute(
    db,
  );
  await sql`CREATE INDEX targets_overdue ON price_tracker.targets (republish_after) WHERE state = 'queued'`.execute(
    db,
  );
  await sql`CREATE INDEX targets_in_flight ON price_tracker.targets (host) WHERE state = 'running'`.execute(
    db,
  );
  await sql`CREATE INDEX targets_leased ON price_tracker.targets (lease_expires_at) WHERE state = 'running'`.execute(
    db,
  );
  await sql`
    CREATE INDEX targets_to_dead_letter ON price_tracker.targets (id) WHERE state = 'dead' AND dead_lettered_at IS NULL
  `.execute(db);

  await sql`
    CREATE TABLE price_tracker.run_markets (
      run_id bigint NOT NULL REFERENCES price_tracker.runs ON DELETE CASCADE,
      host text NOT NULL REFERENCES price_tracker.hosts,
      queue text NOT NULL,
      source text NOT NULL,
      PRIMARY KEY (run_id, host, queue)
    )`.execute(db);
  await sql`
    COMMENT ON TABLE price_tracker.run_markets IS 'which hosts a run has targets at: the publisher goes round these, so that none buries another'
  `.execute(db);

  await sql`
    CREATE TABLE price_tracker.leaders (
      name text PRIMARY KEY,
      holder text NOT NULL,
      epoch bigint NOT NULL,
      expires_at timestamptz NOT NULL
    )`.execute(db);
}
