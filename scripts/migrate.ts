import { databaseUrl, ExitCode, messageOf, readEnvironment, sharedEnvironment } from "@pricefleet/contracts";
import { ensureRoles, isRetryable, migrateToLatest, withRetries } from "@pricefleet/database";
import { z } from "zod";

/** A server that is being made at the same time, as in a cluster, has this long to get up. */
const SERVER_PATIENCE_MS = 300_000;

/**
 * `npm run migrate`: brings the schema up to date. With DATABASE_URL, the owner's, which is given here alone; or with
 * ADMIN_DATABASE_URL and three passwords, which also makes the database and its roles where they are missing.
 */
const env = readEnvironment(
  sharedEnvironment.extend({
    ADMIN_DATABASE_URL: databaseUrl.optional(),
    DATABASE_NAME: z.string().default("pricefleet"),
  }),
);

try {
  const ownerUrl =
    env.ADMIN_DATABASE_URL === undefined ? givenOwnerUrl() : await ensureOwner(env.ADMIN_DATABASE_URL);
  const applied = await migrateToLatest(ownerUrl);
  console.log(applied.length === 0 ? "the schema is up to date" : `applied ${applied.join(", ")}`);
} catch (error) {
  console.error(`the schema could not be brought up to date: ${messageOf(error)}`);
  process.exitCode = isRetryable(error) ? ExitCode.databaseUnavailable : ExitCode.unexpected;
}

function givenOwnerUrl(): string {
  return readEnvironment(z.object({ DATABASE_URL: databaseUrl })).DATABASE_URL;
}

async function ensureOwner(adminUrl: string): Promise<string> {
  const password = z.string({ error: "the password that this role is to have" });
  const passwords = readEnvironment(
    z.object({ OWNER_PASSWORD: password, WORKER_PASSWORD: password, API_PASSWORD: password }),
  );
  const { ownerUrl } = await withRetries(
    () =>
      ensureRoles(
        adminUrl,
        {
          pricefleet_owner: passwords.OWNER_PASSWORD,
          pricefleet_worker: passwords.WORKER_PASSWORD,
          pricefleet_api: passwords.API_PASSWORD,
        },
        env.DATABASE_NAME,
      ),
    SERVER_PATIENCE_MS,
  );
  return ownerUrl;
}
