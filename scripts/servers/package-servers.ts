import { join } from "node:path";
import { findOrInstallPostgres, startPostgres } from "./postgres.ts";
import { findOrInstallRabbitmq, startRabbitmq } from "./rabbitmq.ts";
import type { ServerStarter } from "./resolve-servers.ts";

interface PackageServersOptions {
  dataDir: string;
  endsWithStarter: boolean;
  report: (line: string) => void;
}

/** Starts throwaway servers out of Debian's packages, which it installs if they are missing. */
export function packageStarter({ dataDir, endsWithStarter, report }: PackageServersOptions): ServerStarter {
  const origin = `Debian packages, data under ${dataDir}`;
  return {
    async postgres() {
      findOrInstallPostgres(report);
      const server = await startPostgres({ dataDir: join(dataDir, "postgres"), endsWithStarter });
      return {
        adminUrl: server.adminUrl,
        origin,
        composeFolder: null,
        process: { name: "postgres", pid: server.pid, stopSignal: "SIGINT" },
        stop: () => server.stop(),
      };
    },
    async rabbitmq() {
      findOrInstallRabbitmq(report);
      const server = await startRabbitmq({ dataDir: join(dataDir, "rabbitmq"), endsWithStarter });
      const { managementUrl: url, userName, password } = server;
      return {
        amqpUrl: server.url,
        management: { url, userName, password },
        origin,
        composeFolder: null,
        process: { name: "rabbitmq", pid: server.pid, stopSignal: "SIGTERM" },
        stop: () => server.stop(),
      };
    },
  };
}
