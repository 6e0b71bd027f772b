import { sql } from "kysely";

/** Where a page of rows ended: the next one begins after it, whatever was inserted before it since. */
export interface Position {
  /** The row's value in the order's column, exact: a timestamp to the microsecond, or an amount. */
  key: string;
  id: string;
}

/** A Date has milliseconds; rows of one transaction differ by less, so a position carries the microseconds. */
export function exactTime(column: string) {
  return sql<string>`to_char(${sql.ref(column)} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
}

/** One row more than asked for was read, to know whether there is a next page. */
export function pageOf<Row extends Position>(rows: readonly Row[], limit: number) {
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return {
    // oxlint-disable-next-line no-unused-vars -- named so that the rest is without it
    items: page.map(({ key, ...row }) => row),
    next: rows.length > limit && last !== undefined ? { key: last.key, id: last.id } : null,
  };
}
