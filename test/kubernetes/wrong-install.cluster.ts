import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { version } from "../../scripts/kubernetes/build-images.ts";
import { helm, until, waitForRollouts, whyPodsWait } from "./cluster.ts";
import { leave, restrictedNamespace } from "./install.ts";

const NAMESPACE = "wrong-prices";
const values = [`--namespace=${NAMESPACE}`, "--set=worker.replicas=1"];

describe("an install whose image for the services is misspelt", () => {
  beforeAll(() => {
    restrictedNamespace(NAMESPACE);
    helm("install", "pricefleet", "helm/pricefleet", ...values, "--set=image.service=pricefleet/servce");
  }, 240_000);
  afterAll(() => leave(NAMESPACE));

  test("is told by the name of the image that is not there", async () => {
    await untilPodSays(/^api-/, `the image pricefleet/servce:${version} cannot be had`);
  });

  test("and of the Secret that nobody made", async () => {
    const secrets = ["postgres-credentials", "rabbitmq-credentials"];
    await untilPodSays(/^worker-/, ...secrets.map((name) => `the Secret ${name} is not there`));
  });

  test("comes up by an upgrade that spells it right", () => {
    helm("upgrade", "pricefleet", "helm/pricefleet", ...values);
    waitForRollouts(NAMESPACE, "statefulset/postgres", "deployment/api", "deployment/worker");
    expect(whyPodsWait(NAMESPACE).filter(([pod]) => pod.startsWith("api-"))).toEqual([]);
  });

  /** Waits for one of these reasons: a pod may wait for something else first, such as its volume. */
  async function untilPodSays(name: RegExp, ...expected: string[]): Promise<void> {
    await until(`a pod ${name} to say ${expected.join(" or ")}`, 60_000, () => {
      const waiting = whyPodsWait(NAMESPACE).filter(([pod]) => name.test(pod));
      if (waiting.some(([, why]) => expected.some((reason) => why.includes(reason)))) return true;
      throw new Error(`pods wait: ${JSON.stringify(waiting)}`);
    });
  }
});
