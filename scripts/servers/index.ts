export { findChromium, findOrInstallChromium } from "./chromium.ts";
export { keptPasswords } from "./credentials.ts";
export { PackagesMissingError } from "./debian-packages.ts";
export { stopCompose } from "./docker-compose.ts";
export { findFreePort, isPortFree } from "./free-port.ts";
export { findOrInstallPostgres, findPostgres, type PostgresServer, startPostgres } from "./postgres.ts";
export { makeThrowawayFolder, type PrivateServers, startPrivateServers } from "./private-servers.ts";
export { findOrInstallRabbitmq, findRabbitmq, type RabbitmqServer, startRabbitmq } from "./rabbitmq.ts";
export { type ManagementAccess, resolveServers, type Servers } from "./resolve-servers.ts";
