import { expect, test } from "vitest";
import { z } from "zod";
import { amqpUrl, databaseUrl, parseEnvironment } from "./environment.ts";

const servers = z.object({ DATABASE_URL: databaseUrl, AMQP_URL: amqpUrl.optional() });

test("a server's URL takes what other variables hold, whatever characters a password has", () => {
  const password = "p@ss/w:rd #1%$&?";
  const { DATABASE_URL } = parseEnvironment(servers, {
    // oxlint-disable-next-line no-template-curly-in-string -- what is tested
    DATABASE_URL: "postgres://${DATABASE_USER}:${DATABASE_PASSWORD}@db:5432/prices",
    DATABASE_USER: "worker",
    DATABASE_PASSWORD: password,
  });
  const url = new URL(DATABASE_URL);
  expect([url.username, decodeURIComponent(url.password), url.host]).toEqual(["worker", password, "db:5432"]);
});

test("a variable that a URL mentions and that is not set is named", () => {
  expect(() =>
    // oxlint-disable-next-line no-template-curly-in-string -- what is tested
    parseEnvironment(servers, { DATABASE_URL: "postgres://worker:${DATABASE_PASSWORD}@db:5432/prices" }),
  ).toThrow("DATABASE_PASSWORD is not set; it should be set, for DATABASE_URL mentions it");
});
