import { join } from "node:path";
import { startPostgres } from "./postgres.ts";
import { startRabbitmq } from "./rabbitmq.ts";
import type { ResolveOptions, ServerStarter } from "./started-servers.ts";
import { installServerPackages, type ServerName } from "./server-packages.ts";

/**
 * Starts throwaway servers out of Debian's packages; those of `missing` are installed if need be.
 * @throws PackagesMissingError
 */
export function packageStarter(
  { dataDir, endsWithStarter, report }: ResolveOptions,
  missing: readonly ServerName[],
): ServerStarter {
  installServerPackages(missing, report);
  const origin = `Debian packages, data under ${dataDir}`;
  return {
    async postgres() {
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
