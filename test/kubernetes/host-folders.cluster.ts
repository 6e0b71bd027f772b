import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { create, helm, kubectl, startRun, until, untilRun, waitForRollouts } from "./cluster.ts";
import { restrictedNamespace, openMarketplace, removeAll, waitUntilUp } from "./install.ts";

const NAMESPACE = "prices-in-folders";
/** Of a pod that may do on the node what its owner may. */
const NODE = "node-owner";
const FOLDER = "/var/snap/microk8s/common/price-tracker";
const LISTINGS = 40;

describe("values-microk8s.yaml: pages and profiles in folders of the node", () => {
  beforeAll(() => {
    remove();
    restrictedNamespace(NAMESPACE);
    openMarketplace(NAMESPACE);
    kubectl("create", "namespace", NODE);
    create(NODE, nodeOwner);
    kubectl("-n", NODE, "wait", "--for=condition=Ready", "pod/owner", "--timeout=100s");
    onNode(`rm -rf ${FOLDER}`);
  }, 400_000);
  afterAll(() => {
    onNode(`rm -rf ${FOLDER}`);
    remove();
  }, 240_000);

  let command = "";

  test("folders that nobody made give one error, which names the folder and the command", async () => {
    helm(
      "install",
      "pricefleet",
      "helm/pricefleet",
      `--namespace=${NAMESPACE}`,
      "--values=helm/pricefleet/values-microk8s.yaml",
      // The test cluster has its images already.
      "--set=image.registry=",
      "--set=worker.replicas=2",
    );
    const said = await until(
      "a worker to say what is wrong",
      120_000,
      () => kubectl("-n", NAMESPACE, "logs", "deployment/worker", "--container=folders").trim() || null,
    );
    expect(said.split("\n")).toHaveLength(1);
    expect(said).toContain(`${FOLDER}/snapshots cannot be written by uid 1000; on the node: sudo install -d`);
    command = said.slice(said.indexOf("sudo ") + "sudo ".length);
  });

  test("the command makes them, a run is done, and its pages are in the folder", async () => {
    onNode(command);
    kubectl("-n", NAMESPACE, "rollout", "restart", "deployment/worker", "deployment/quotes-worker");
    waitUntilUp(NAMESPACE);
    waitForRollouts(NAMESPACE, "deployment/quotes-worker");
    const run = await startRun(NAMESPACE, "funnel", LISTINGS);
    const end = await untilRun(run, "to complete", 120_000, ({ state }) => state === "completed");
    expect(end).toMatchObject({ done: LISTINGS, failed: 0, dead: 0 });
    expect(Number(onNode(`find ${FOLDER}/snapshots -type f -user 1000 | wc -l`))).toBeGreaterThanOrEqual(1);
  });

  test("the folders outlive the release, and their claims stay bound", () => {
    helm("uninstall", "pricefleet", `--namespace=${NAMESPACE}`, "--wait");
    expect(Number(onNode(`find ${FOLDER}/snapshots -type f | wc -l`))).toBeGreaterThanOrEqual(1);
    const volumes = kubectl(
      "-n",
      NAMESPACE,
      "get",
      "pvc",
      "snapshots",
      "-o=jsonpath={.status.phase} {.spec.volumeName}",
    );
    expect(volumes).toBe(`Bound ${NAMESPACE}-snapshots`);
  });
});

const nodeOwner = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "owner" },
  spec: {
    automountServiceAccountToken: false,
    terminationGracePeriodSeconds: 0,
    containers: [
      {
        name: "owner",
        image: "pricefleet/service:0.1.0",
        imagePullPolicy: "IfNotPresent",
        command: ["sleep", "infinity"],
        securityContext: { runAsUser: 0 },
        volumeMounts: [{ name: "common", mountPath: "/var/snap/microk8s/common" }],
      },
    ],
    volumes: [{ name: "common", hostPath: { path: "/var/snap/microk8s/common", type: "DirectoryOrCreate" } }],
  },
};

function onNode(command: string): string {
  return kubectl("-n", NODE, "exec", "owner", "--", "sh", "-c", command);
}

function remove(): void {
  removeAll(NAMESPACE);
  kubectl("delete", "namespace", NODE, "--ignore-not-found", "--timeout=200s");
  const volumes = ["snapshots", "debug", "profiles"].map((name) => `${NAMESPACE}-${name}`);
  kubectl("delete", "persistentvolume", ...volumes, "--ignore-not-found", "--timeout=60s");
}
