export { findChromium, findOrInstallChromium } from "./chromium.ts";
export { PackagesMissingError } from "./debian-packages.ts";
export { findFreePort, isPortFree } from "./free-port.ts";
export { findOrInstallPostgres, findPostgres, type PostgresServer, startPostgres } from "./postgres.ts";
export { makeThrowawayFolder, type PrivateServers, startPrivateServers } from "./private-servers.ts";
export { findOrInstallRabbitmq, findRabbitmq, type RabbitmqServer, startRabbitmq } from "./rabbitmq.ts";
