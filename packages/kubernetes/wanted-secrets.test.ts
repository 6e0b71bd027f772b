import { expect, test } from "vitest";
import { rabbitmqDefinitions, rabbitmqHash, wantedSecrets } from "./wanted-secrets.ts";

test("every Secret is made from nothing, with long random values", () => {
  for (const { complete } of wantedSecrets) {
    const made = complete({});
    const again = complete({});
    for (const [key, value] of Object.entries(made)) {
      expect(value.length, key).toBeGreaterThanOrEqual(32);
      expect(again[key], key).not.toBe(value);
    }
  }
});

test("a value that is there is never replaced", () => {
  for (const { complete } of wantedSecrets) expect(complete(complete({}))).toEqual({});
});

test("a key that a newer version needs is added to a Secret of an older one", () => {
  const postgres = wantedSecrets.find(({ name }) => name === "postgres-credentials");
  const { "api-password": _, ...older } = postgres?.complete({}) ?? {};
  expect(Object.keys(postgres?.complete(older) ?? {})).toEqual(["api-password"]);
});

test("passwords need no escaping inside a URL", () => {
  const [postgres] = wantedSecrets;
  for (const value of Object.values(postgres?.complete({}) ?? {}))
    expect(encodeURIComponent(value)).toBe(value);
});

test("RabbitMQ's hash is the one of its manual", () => {
  // "Credentials and Passwords": password test12, salt 908DC60A.
  expect(rabbitmqHash("test12", Buffer.from("908DC60A", "hex"))).toBe(
    "kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR",
  );
});

test("a new user is added to RabbitMQ's definitions, and no password of an older one changes", () => {
  const rabbitmq = wantedSecrets.find(({ name }) => name === "rabbitmq-credentials");
  const { "scaler-password": _, ...older } = rabbitmq?.complete({}) ?? {};
  expect(Object.keys(rabbitmq?.complete(older) ?? {})).toEqual(["scaler-password", "definitions.json"]);
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
