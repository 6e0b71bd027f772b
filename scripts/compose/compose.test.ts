import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseEnvironment } from "@pricefleet/contracts";
import { rabbitmqDefinitions } from "@pricefleet/kubernetes";
import { afterAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { apiEnvironment } from "../../services/api/environment.ts";
import { collectorEnvironment } from "../../services/collector/environment.ts";
import { dispatcherEnvironment } from "../../services/dispatcher/environment.ts";
import { streamerEnvironment } from "../../services/streamer/environment.ts";
import { workerEnvironment } from "../../services/worker/environment.ts";
import { serverImages, version } from "../kubernetes/build-images.ts";

const root = join(import.meta.dirname, "../..");
const textOf = (path: string) => readFileSync(join(root, path), "utf8");

interface Service {
  image: string;
  build?: { target: string };
  command?: string[];
  environment?: Record<string, string | number>;
  ports?: string[];
  profiles?: string[];
  group_add?: string[];
  volumes?: string[];
  [option: string]: unknown;
}
const servicesIn = (text: string) =>
  (parse(text, { merge: true, logLevel: "error" }) as { services: Record<string, Service> }).services;
const asWritten = (path: string) => servicesIn(textOf(path));
/** As Docker Compose reads it where no variable is set, or only these are. */
const asRead = (path: string, set: Record<string, string> = {}) =>
  servicesIn(
    textOf(path).replaceAll(
      /\$\{(\w+)(?::?([-+])([^}]*))?\}/g,
      (_text, name: string, sign?: string, other = "") => {
        const value = set[name] ?? "";
        if (sign === "+") return value === "" ? "" : other;
        return value === "" ? other : value;
      },
    ),
  );
const all = Object.entries(asRead("compose.yaml"));
const isLongRunning = ([name]: [string, Service]) => !["secrets", "migrate"].includes(name);

/** What the dispatcher is given is also its collectors'. */
const schemas: Record<string, z.ZodObject> = {
  "services/api/main.ts": apiEnvironment,
  "services/collector/main.ts": collectorEnvironment,
  "services/dispatcher/main.ts": dispatcherEnvironment.extend(collectorEnvironment.shape),
  "services/streamer/main.ts": streamerEnvironment,
  "services/worker/main.ts": workerEnvironment,
};
const programOf = (service: Service) => /node (\S+\.ts)/.exec(service.command?.at(-1) ?? "")?.[1];
const isThere = (service: Service) => existsSync(join(root, programOf(service) ?? "no program"));
const schemaOf = (service: Service) => schemas[programOf(service) ?? ""] ?? z.object({});
/** A program without a schema of its own to ask reads what it names. */
function knows(service: Service, variable: string): boolean {
  const program = programOf(service) ?? "";
  return program in schemas ? variable in schemaOf(service).shape : textOf(program).includes(variable);
}
const secretsOf = (service: Service) => /\. \/secrets\/(\S+)/.exec(service.command?.at(-1) ?? "")?.[1];

const folder = mkdtempSync(join(tmpdir(), "compose-"));
afterAll(() => rmSync(folder, { recursive: true }));
for (const name of ["secrets", "data/snapshots", "data/debug", "data/profiles", "data/backups"])
  mkdirSync(join(folder, name), { recursive: true });
const keepSecrets = (...args: string[]) =>
  execFileSync("sh", [join(root, "scripts/compose/keep-secrets.sh"), ...args], {
    encoding: "utf8",
    env: {
      PATH: process.env["PATH"],
      SECRETS_FOLDER: join(folder, "secrets"),
      DATA_FOLDER: join(folder, "data"),
    },
  });
keepSecrets();
const secret = (name: string) => readFileSync(join(folder, "secrets", name), "utf8");

/** The variables that a service has when it starts, without those of the machine. */
function environmentOf(service: Service): Record<string, string> {
  const given = Object.fromEntries(
    Object.entries(service.environment ?? {}).map(([key, value]) => [key, String(value ?? "")]),
  );
  const file = secretsOf(service);
  if (file === undefined) return given;
  const lines = execFileSync("sh", ["-c", `. ${join(folder, "secrets", file)} && exec env`], {
    encoding: "utf8",
    env: {},
  });
  const added = lines
    .trim()
    .split("\n")
    .map((line) => /^(\w+)=(.*)$/.exec(line)?.slice(1) ?? []);
  return { ...given, ...Object.fromEntries(added.filter(([key]) => key !== "PWD")) };
}

describe("compose.yaml", () => {
  test("only behind a profile may a program stand that is not there yet", () => {
    const missing = all.filter(([, service]) => programOf(service) !== undefined && !isThere(service));
    expect(missing.filter(([, { profiles }]) => profiles === undefined)).toEqual([]);
  });

  test.each(all.filter(([, service]) => isThere(service)))(
    "%s is given only variables that its program knows, with values that it takes",
    (_name, service) => {
      const environment = environmentOf(service);
      expect(Object.keys(environment).filter((key) => !knows(service, key))).toEqual([]);
      expect(() => parseEnvironment(schemaOf(service), environment)).not.toThrow();
    },
  );

  test("an image is a target of the Dockerfile in this version, or one of the two servers'", () => {
    const targets = [...textOf("Dockerfile").matchAll(/^FROM \S+ AS (\S+)$/gm)].map(([, target]) => target);
    for (const [, { image, build }] of all) {
      if (serverImages.includes(image)) continue;
      expect(image).toBe(`pricefleet/${build?.target}:${version}`);
      expect(targets).toContain(build?.target);
    }
  });

  test.each(all)(
    "%s has no rights, cannot write its image and is held to an amount of memory",
    (name, service) => {
      expect(service).toMatchObject({
        read_only: true,
        cap_drop: ["ALL"],
        security_opt: ["no-new-privileges:true"],
        mem_limit: expect.stringMatching(/^\d+[mg]$/),
        user: expect.stringMatching(name === "secrets" ? /^0:0$/ : /^([1-9]\d*):\1$/),
      });
      expect(service["privileged"] ?? service["cap_add"] ?? []).toEqual(
        name === "secrets" ? ["CHOWN", "DAC_READ_SEARCH"] : [],
      );
    },
  );

  test.each(all.filter(isLongRunning))("%s is watched and started again", (_name, service) => {
    expect(service).toMatchObject({ restart: "unless-stopped", healthcheck: { test: expect.any(Array) } });
  });

  test("the settings of a JSON API, where there are any, reach all that read sources, and nothing else changes", () => {
    const file = "./json-api.json:/etc/pricefleet/json-api.json:ro";
    const withFile = asRead("compose.yaml", { JSON_API_FILE: "./json-api.json" });
    for (const name of ["api", "dispatcher", "worker", "quotes-worker", "collector"]) {
      expect(withFile[name]?.environment).toMatchObject({ JSON_API_CONFIG: "/etc/pricefleet/json-api.json" });
      expect(withFile[name]?.volumes).toContain(file);
    }
    expect(withFile["streamer"]).toEqual(asRead("compose.yaml")["streamer"]);
  });

  test("no port is open to other machines, and each can be changed", () => {
    for (const { ports = [] } of Object.values(asWritten("compose.yaml")))
      for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:\$\{([A-Z_]+_)?PORT:?-\d*\}:\d+$/);
  });

  test("no password stands in it", () => {
    const values = all.flatMap(([, service]) => Object.entries(service.environment ?? {}));
    for (const [key, value] of values.filter(([name]) => /PASS|TOKEN|SECRET|_URL$/.test(name)))
      expect([key, String(value ?? "")]).toEqual([key, expect.stringMatching(/^(\/secrets\/\S+)?$/)]);
  });

  test("a service that reads a secret is in the group that may, and in no other", () => {
    const script = textOf("scripts/compose/keep-secrets.sh");
    const grants = [...script.matchAll(/grant (\d+) (\S+)/g)].map(([, group, file = ""]) => ({
      group,
      file,
    }));
    for (const [name, service] of all.filter(([other]) => other !== "secrets")) {
      const said = JSON.stringify(service);
      const groups = grants.filter(({ file }) => said.includes(`/secrets/${file}`)).map(({ group }) => group);
      expect([name, service.group_add ?? []]).toEqual([name, [...new Set(groups)]]);
    }
  });
});

describe("compose.production.yaml", () => {
  const production = asRead("compose.production.yaml");
  const isForTrying = (name: string) => name === "sample";

  test("every service is in it, with a log that cannot fill the disk", () => {
    const missing = all.map(([name]) => name).filter((name) => !isForTrying(name) && !(name in production));
    expect(missing).toEqual([]);
    for (const service of Object.values(production))
      expect(service).toMatchObject({ logging: { options: { "max-size": "10m", "max-file": "5" } } });
  });

  test("the servers are pinned to a minor version, and neither can be reached from outside", () => {
    const { postgres, rabbitmq } = production;
    expect(postgres?.image).toMatch(/^postgres:17\.\d+$/);
    expect(rabbitmq?.image).toMatch(/^rabbitmq:4\.\d+\.\d+-management$/);
    expect(postgres?.ports).toEqual([]);
    expect(rabbitmq?.ports).toEqual(["127.0.0.1:15672:15672"]);
  });

  test("the API believes the one proxy before it, which drops what a caller says of its own address", () => {
    expect(environmentOf(production["api"] as Service)).toMatchObject({ TRUST_PROXY: "1" });
    const proxy = textOf("docs/nginx.conf");
    expect(proxy).toContain("proxy_set_header X-Forwarded-For $remote_addr;");
    expect(proxy).toContain("proxy_buffering off;");
  });

  test("the backup has no more rights than the rest, and is missed when it stops", () => {
    expect(production["backup"]).toMatchObject({
      user: "999:999",
      read_only: true,
      cap_drop: ["ALL"],
      security_opt: ["no-new-privileges:true"],
      restart: "unless-stopped",
      healthcheck: { test: expect.any(Array) },
    });
  });
});

describe("the passwords of compose.yaml", () => {
  test("are random and made once", () => {
    const names = readdirSync(join(folder, "secrets/passwords"));
    const first = names.map((name) => secret(`passwords/${name}`));
    for (const password of first) expect(password).toMatch(/^[\w-]{32}$/);
    expect(new Set(first).size).toBe(names.length);
    expect(keepSecrets()).toBe("");
    expect(names.map((name) => secret(`passwords/${name}`))).toEqual(first);
  });

  test("are read by owner and group alone", () => {
    const files = readdirSync(join(folder, "secrets"), { recursive: true, withFileTypes: true });
    for (const file of files.filter((entry) => entry.isFile()))
      expect(statSync(join(file.parentPath, file.name)).mode & 0o007).toBe(0);
  });

  test("a volume that has a password already gives it to a server that is new", () => {
    rmSync(join(folder, "secrets/worker.env"));
    rmSync(join(folder, "secrets/passwords/rabbitmq-viewer"));
    const worker = secret("passwords/worker");
    expect(keepSecrets()).toBe("made the password rabbitmq-viewer\n");
    expect(secret("worker.env")).toContain(worker);
  });

  test("RabbitMQ's users may do what the chart's may", () => {
    const shape = z.object({
      vhosts: z.array(z.unknown()),
      users: z.array(z.object({ name: z.string(), tags: z.array(z.string()) })),
      permissions: z.array(z.object({ user: z.string() }).loose()),
    });
    const ours = shape.parse(JSON.parse(secret("rabbitmq/definitions.json")));
    const charts = shape.parse(JSON.parse(rabbitmqDefinitions({})));
    // KEDA's user, which is nobody's here.
    charts.users = charts.users.filter(({ name }) => name !== "scaler");
    charts.permissions = charts.permissions.filter(({ user }) => user !== "scaler");
    expect(ours).toEqual(charts);
  });

  test("people are told theirs", () => {
    expect(keepSecrets("show")).toContain(secret("passwords/control-token"));
  });
});
