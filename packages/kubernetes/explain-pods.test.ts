import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { CoreV1Event, V1Job, V1Pod } from "@kubernetes/client-node";
import { describe, expect, test } from "vitest";
import { explainPods, explainRefusal } from "./explain-pods.ts";

interface Recording {
  job: V1Job;
  pods: V1Pod[];
  events: CoreV1Event[];
}

/** As a Kubernetes 1.36 had them, some 20 s after the Job was made, without what nothing here looks at. */
const recorded = JSON.parse(
  readFileSync(join(import.meta.dirname, "fixtures/recorded-pods.json"), "utf8"),
) as Record<string, Recording>;

function explain(name: string, change: (recording: Recording) => void = () => undefined) {
  const recording = structuredClone(recorded[name]);
  if (recording === undefined) throw new Error(`no recording ${name}`);
  change(recording);
  return explainPods(recording.job, recording.pods, recording.events);
}

/** The only pod's status. */
function statusOf({ pods }: Recording) {
  const status = pods[0]?.status;
  if (status === undefined) throw new Error("no pod was recorded");
  return status;
}

describe("a collector that does not start says why, and what would help", () => {
  test.each([
    ["image", /^the image pricefleet\/browser:0\.0\.0 cannot be had: make k8s-build/],
    ["bad-image", /^Pricefleet\/Browser is no name of an image: correct image\.registry and image\.tag$/],
    [
      "memory",
      /^no node has 640Gi of memory to spare; lower collector\.resources\.requests.*1 Insufficient memory$/,
    ],
    ["secret", /^the Secret postgres-credentials is not there$/],
    ["config", /^the ConfigMap settings is not there$/],
    ["nonroot", /^its settings do not allow it to start: container's runAsUser breaks non-root policy/],
    ["volume", /^its volume is not there yet.*persistentvolumeclaim "snapshots" not found$/],
    [
      "mount",
      /^a volume cannot be mounted: MountVolume\.SetUp failed for volume "v" : secret "certificates" not found$/,
    ],
    [
      "quota",
      /^the quota tight of the namespace is used up.*requested: requests\.memory=160Mi, used: requests\.memory=0, limited: requests\.memory=100Mi$/,
    ],
    [
      "unspecified",
      /^the quota tight of the namespace refuses it: must specify requests\.memory for: collector$/,
    ],
    ["psa", /^Pod Security \(restricted:latest\) refuses the pod: allowPrivilegeEscalation != false/],
    ["account", /^the ServiceAccount collector is not there/],
  ])("%s", (name, message) => {
    expect(explain(name)).toMatchObject({ state: "pending", message: expect.stringMatching(message) });
  });

  test("a key that the Secret has not", () => {
    const missing = explain("secret", (recording) => {
      const waiting = statusOf(recording).containerStatuses?.[0]?.state?.waiting;
      if (waiting !== undefined)
        waiting.message = "couldn't find key worker-password in Secret prices/postgres-credentials";
    });
    expect(missing.message).toBe("the Secret postgres-credentials has no key worker-password");
  });

  test("a Job that is suspended", () => {
    const suspended = explain("good", ({ job, pods }) => {
      job.spec = { suspend: true, template: {} };
      job.status = {};
      pods.length = 0;
    });
    expect(suspended).toMatchObject({ state: "pending", message: "the Job is suspended" });
  });
});

describe("a collector that failed says how", () => {
  test.each([
    ["exit3", /^it ended with exit code 3: PostgreSQL was not reached in 30 tries.*kubectl logs exit3-/],
    [
      "oom",
      /^it needed more memory than its limit of 20Mi and was killed \(OOMKilled\): raise collector\.resources\.limits\.memory$/,
    ],
    ["deadline", /^it took longer than the 3 s it may take \(activeDeadlineSeconds\)/],
  ])("%s", (name, message) => {
    expect(explain(name)).toMatchObject({ state: "failed", message: expect.stringMatching(message) });
  });

  test("how often it was tried is told with the last try", () => {
    const tried = explain("exit3", ({ pods }) => pods.push(...structuredClone(pods)));
    expect(tried.message).toMatch(/^after 2 tries: it ended with exit code 3/);
  });

  test("between two tries it is waited for, with the end of the last one", () => {
    const between = explain("exit3", ({ job }) => {
      job.status = { failed: 1 };
    });
    expect(between).toMatchObject({
      state: "pending",
      message: expect.stringMatching(/^another try comes; the last one: it ended with exit code 3/),
    });
  });

  test("a pod that was evicted says what the node lacked", () => {
    const evicted = explain("exit3", (recording) => {
      const status = statusOf(recording);
      status.reason = "Evicted";
      status.message = "The node was low on resource: ephemeral-storage.";
    });
    expect(evicted.message).toBe(
      "the node ran short and evicted it: The node was low on resource: ephemeral-storage",
    );
  });
});

test("a good one completes, with nothing to say", () => {
  const done = explain("good");
  expect(done).toMatchObject({ kind: "job", name: "good", state: "completed", message: null });
  expect(done.pods).toEqual([{ name: expect.stringMatching(/^good-/), state: "completed", message: null }]);
});

test("one that runs has nothing to say, whatever happened to it before", () => {
  const running = explain("mount", (recording) => {
    const status = statusOf(recording);
    status.phase = "Running";
    status.conditions = [{ type: "Ready", status: "True" }];
  });
  expect(running).toMatchObject({ state: "running", message: null, pods: [{ message: null }] });
});

test("a refusal that nobody has seen before is told in the cluster's words, in one line", () => {
  expect(explainRefusal("admission webhook denied\n the request.")).toBe(
    "the cluster refuses it: admission webhook denied the request",
  );
});
