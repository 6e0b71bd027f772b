import { describe, expect, it } from "vitest";
import { resolveServers } from "./resolve-servers.ts";
import type { ServerStarter } from "./started-servers.ts";

const options = { dataDir: "/nowhere", endsWithStarter: true, report: () => undefined };

/** A way to servers that notes what it was asked for. */
function notingStarter(asked: string[], brokerFails = false): ServerStarter {
  const started = (name: string) => ({
    origin: "started",
    process: null,
    composeFolder: null,
    stop: async () => void asked.push(`stop ${name}`),
  });
  return {
    async postgres() {
      asked.push("postgres");
      return { ...started("postgres"), adminUrl: "postgres://started" };
    },
    async rabbitmq() {
      asked.push("rabbitmq");
      if (brokerFails) throw new Error("no broker");
      return { ...started("rabbitmq"), amqpUrl: "amqp://started", management: null };
    },
  };
}

describe("which servers are used", () => {
  it("servers named by DATABASE_URL and AMQP_URL are used, and nothing is looked for or stopped", async () => {
    const servers = await resolveServers(
      options,
      { DATABASE_URL: "postgres://u:p@db/x", AMQP_URL: "amqp://u:p@mq" },
      () => {
        throw new Error("nobody should ask");
      },
    );
    expect(servers.database.adminUrl).toBe("postgres://u:p@db/x");
    expect(servers.broker.amqpUrl).toBe("amqp://u:p@mq");
    await servers.stop();
  });

  it("only the server that is not named is started, and only that one is stopped", async () => {
    const asked: string[] = [];
    const servers = await resolveServers(options, { DATABASE_URL: "postgres://u:p@db/x" }, () =>
      notingStarter(asked),
    );
    expect(servers.database.origin).toBe("DATABASE_URL");
    expect(servers.broker.amqpUrl).toBe("amqp://started");
    await servers.stop();
    expect(asked).toEqual(["rabbitmq", "stop rabbitmq"]);
  });

  it("a database that was started is stopped again when the broker fails", async () => {
    const asked: string[] = [];
    await expect(resolveServers(options, {}, () => notingStarter(asked, true))).rejects.toThrow("no broker");
    expect(asked).toEqual(["postgres", "rabbitmq", "stop postgres"]);
  });

  it("a variable that is no database URL is named, without its password", async () => {
    const wrong = resolveServers(options, { DATABASE_URL: "mysql://u:secret@db/x" }, () => notingStarter([]));
    await expect(wrong).rejects.toThrow(
      /^DATABASE_URL is "mysql:\/\/\*\*\*@db\/x"; it should be a URL such as/,
    );
  });
});
