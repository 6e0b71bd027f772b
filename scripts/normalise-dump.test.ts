import { expect, it } from "vitest";
import { normaliseDump } from "./normalise-dump.ts";

it("two dumps of one schema are the same text, whatever the server's minor version and token", () => {
  const dump = (version: string, token: string) =>
    `--\n-- PostgreSQL database dump\n--\n\n\\restrict ${token}\n\n-- Dumped from database version ${version}\n\nSET lock_timeout = 0;\n\nCREATE SCHEMA price_tracker;\n\n\n--\n-- Name: x\n--\n\nCREATE TABLE price_tracker.x (\n    id bigint\n);\n\n\\unrestrict ${token}\n`;
  expect(normaliseDump(dump("15.18", "aaa"))).toBe(normaliseDump(dump("15.19", "bbb")));
  expect(normaliseDump(dump("15.18", "aaa"))).toBe(
    "CREATE SCHEMA price_tracker;\n\nCREATE TABLE price_tracker.x (\n    id bigint\n);\n",
  );
});
