import { expect, test } from "vitest";
import type { WantedSecret } from "./keep-secrets.ts";
import { rabbitmqDefinitions, rabbitmqHash, wantedSecrets } from "./wanted-secrets.ts";

const everySecret: WantedSecret[] = Object.values(wantedSecrets);
const rabbitmq: WantedSecret = wantedSecrets["rabbitmq-server"];
const postgresRoles: WantedSecret = wantedSecrets["postgres-roles"];

test("every Secret is made from nothing, with long random values", () => {
  for (const { complete } of everySecret) {
    const made = complete({});
    const again = complete({});
    for (const [key, value] of Object.entries(made)) {
      expect(value.length, key).toBeGreaterThanOrEqual(32);
      expect(again[key], key).not.toBe(value);
    }
  }
});

test("a value that is there is never replaced", () => {
  for (const { complete } of everySecret) expect(complete(complete({}))).toEqual({});
});

test("a key that a newer version needs is added to a Secret of an older one", () => {
  const { "api-password": _, ...older } = postgresRoles.complete({});
  expect(Object.keys(postgresRoles.complete(older))).toEqual(["api-password"]);
});

test("passwords need no escaping inside a URL", () => {
  for (const value of Object.values(postgresRoles.complete({})))
    expect(encodeURIComponent(value)).toBe(value);
});

test("RabbitMQ's hash is the one of its manual", () => {
  // "Credentials and Passwords": password test12, salt 908DC60A.
  expect(rabbitmqHash("test12", Buffer.from("908DC60A", "hex"))).toBe(
    "kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR",
  );
});

test("a new user is added to RabbitMQ's definitions, and no password of an older one changes", () => {
  const { "scaler-password": _, ...older } = rabbitmq.complete({});
  expect(Object.keys(rabbitmq.complete(older))).toEqual(["scaler-password", "definitions.json"]);
});

test("the viewer has no permission at all, the scaler one for nothing", () => {
  const { users, permissions } = JSON.parse(rabbitmqDefinitions({})) as {
    users: { name: string; tags: string[] }[];
    permissions: { user: string; read: string }[];
  };
  expect(users.find(({ name }) => name === "viewer")?.tags).toEqual(["monitoring"]);
  expect(permissions.map(({ user, read }) => [user, read])).toEqual([
    ["pricefleet", ".*"],
    ["operator", ".*"],
    ["scaler", "^$"],
  ]);
});
