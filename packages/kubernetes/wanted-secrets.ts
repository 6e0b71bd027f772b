import { createHash, randomBytes } from "node:crypto";
import type { WantedSecret } from "./keep-secrets.ts";

const labels = { "app.kubernetes.io/part-of": "pricefleet" };

/**
 * What may be missing, by what it is for: a cluster whose servers are somebody else's makes only a part. Every password
 * is safe inside a URL.
 */
export const wantedSecrets = {
  "postgres-server": { name: "postgres-credentials", labels, complete: missing(["admin-password"]) },
  "postgres-roles": {
    name: "postgres-credentials",
    labels,
    complete: missing(["owner-password", "worker-password", "api-password"]),
  },
  "api-control": { name: "api-control", labels, complete: missing(["token"]) },
  "tor-control": { name: "tor-control", labels, complete: missing(["password"]) },
  "rabbitmq-server": { name: "rabbitmq-credentials", labels, complete: completeRabbitmq },
} satisfies Record<string, WantedSecret>;

const EVERYTHING = ".*";
const NOTHING = "^$";
const rabbitmqUsers = [
  { name: "pricefleet", key: "password", tags: [], may: EVERYTHING },
  /** Sees in the management UI what there is; without permissions in the vhost it cannot take a message. */
  { name: "viewer", key: "viewer-password", tags: ["monitoring"], may: null },
  /** Moves messages in the management UI: shovels are parameters, which want the tag policymaker. */
  { name: "operator", key: "operator-password", tags: ["monitoring", "policymaker"], may: EVERYTHING },
  /** KEDA, which asks for one queue by its name: that wants a permission in the vhost, if only one for nothing. */
  { name: "scaler", key: "scaler-password", tags: ["monitoring"], may: NOTHING },
];

/** `definitions.json` is what RabbitMQ loads at every start; a user that is new here is added to it. */
function completeRabbitmq(held: Readonly<Record<string, string>>): Record<string, string> {
  const added = missing(rabbitmqUsers.map(({ key }) => key))(held);
  const isStale = held["definitions.json"] === undefined || Object.keys(added).length > 0;
  return isStale ? { ...added, "definitions.json": rabbitmqDefinitions({ ...held, ...added }) } : {};
}

/** Users, vhost and permissions in the form of RabbitMQ's export; passwords as salted SHA-256. */
export function rabbitmqDefinitions(passwords: Readonly<Record<string, string>>): string {
  const vhost = "/";
  return JSON.stringify({
    vhosts: [{ name: vhost }],
    users: rabbitmqUsers.map(({ name, key, tags }) => ({
      name,
      password_hash: rabbitmqHash(passwords[key] ?? "", randomBytes(4)),
      hashing_algorithm: "rabbit_password_hashing_sha256",
      tags,
    })),
    permissions: rabbitmqUsers
      .filter(({ may }) => may !== null)
      .map(({ name, may }) => ({ user: name, vhost, configure: may, write: may, read: may })),
  });
}

/** RabbitMQ manual, "Credentials and Passwords": base64 of the 4 bytes of salt and SHA-256(salt, password). */
export function rabbitmqHash(password: string, salt: Buffer): string {
  const hash = createHash("sha256").update(salt).update(password, "utf8").digest();
  return Buffer.concat([salt, hash]).toString("base64");
}

function missing(keys: readonly string[]) {
  return (held: Readonly<Record<string, string>>): Record<string, string> =>
    Object.fromEntries(
      keys
        .filter((key) => held[key] === undefined)
        .map((key) => [key, randomBytes(24).toString("base64url")]),
    );
}
