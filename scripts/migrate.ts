import { databaseUrl, readEnvironment, sharedEnvironment } from "@pricefleet/contracts";
import { migrateToLatest } from "@pricefleet/database";

/** `npm run migrate`: brings the schema up to date. DATABASE_URL is the owner's, here alone. */
const { DATABASE_URL } = readEnvironment(sharedEnvironment.extend({ DATABASE_URL: databaseUrl }));
const applied = await migrateToLatest(DATABASE_URL);
console.log(applied.length === 0 ? "the schema is up to date" : `applied ${applied.join(", ")}`);
