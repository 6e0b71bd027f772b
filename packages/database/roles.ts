import { randomBytes } from "node:crypto";
import pg from "pg";

export interface RolePasswords {
  pricefleet_owner: string;
  pricefleet_worker: string;
  pricefleet_api: string;
}

/** Fresh random passwords, safe inside a URL. */
export function generateRolePasswords(): RolePasswords {
  const password = () => randomBytes(24).toString("base64url");
  return { pricefleet_owner: password(), pricefleet_worker: password(), pricefleet_api: password() };
}

/**
 * Makes the roles and the database if they are missing, and sets the passwords. Doing it again changes nothing else.
 * `adminUrl` belongs to a role that may create roles and databases; its database is only used to connect.
 * @returns a URL for each role, to `databaseName`.
 */
export async function ensureRoles(
  adminUrl: string,
  passwords: RolePasswords,
  databaseName = "pricefleet",
): Promise<{ ownerUrl: string; workerUrl: string; apiUrl: string }> {
  const client = new pg.Client({ connectionString: adminUrl, connectionTimeoutMillis: 10_000 });
  await client.connect();
  try {
    for (const [role, password] of Object.entries(passwords)) {
      await ensureRole(client, role, `LOGIN PASSWORD ${client.escapeLiteral(password)}`);
    }
    await ensureRole(client, "pricefleet_asks", "NOLOGIN");
    // Membership lets migrations give functions to pricefleet_asks, and lets this role make a database for the owner.
    await client.query("GRANT pricefleet_asks TO pricefleet_owner");
    await client.query("GRANT pricefleet_owner TO CURRENT_USER");
    const database = client.escapeIdentifier(databaseName);
    const { rowCount } = await client.query("SELECT FROM pg_database WHERE datname = $1", [databaseName]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${database} OWNER pricefleet_owner`);
  } finally {
    await client.end();
  }
  const url = (role: keyof RolePasswords) => {
    const address = new URL(adminUrl);
    address.username = role;
    address.password = encodeURIComponent(passwords[role]);
    address.pathname = `/${databaseName}`;
    return address.href;
  };
  return {
    ownerUrl: url("pricefleet_owner"),
    workerUrl: url("pricefleet_worker"),
    apiUrl: url("pricefleet_api"),
  };
}

async function ensureRole(client: pg.Client, role: string, attributes: string): Promise<void> {
  const { rowCount } = await client.query("SELECT FROM pg_roles WHERE rolname = $1", [role]);
  await client.query(
    `${rowCount === 0 ? "CREATE" : "ALTER"} ROLE ${client.escapeIdentifier(role)} ${attributes}`,
  );
}
