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
    const why = await untilPodSays(/^api-/, /the image .* cannot be had/);
    expect(why).toContain(`the image pricefleet/servce:${version} cannot be had`);
  });

  test("and of the Secret that nobody made", async () => {
    const why = await untilPodSays(/^worker-/, /the Secret .* is not there/);
    expect(why).toMatch(/the Secret (postgres|rabbitmq)-credentials is not there/);
  });

  test("comes up by an upgrade that spells it right", () => {
    helm("upgrade", "pricefleet", "helm/pricefleet", ...values);
    waitForRollouts(NAMESPACE, "statefulset/postgres", "deployment/api", "deployment/worker");
    expect(whyPodsWait(NAMESPACE).filter(([pod]) => pod.startsWith("api-"))).toEqual([]);
  });

  /** A pod may wait for something else first, such as its volume. */
  async function untilPodSays(name: RegExp, reason: RegExp): Promise<string> {
    return until(`a pod ${name} to say ${reason}`, 60_000, () => {
      const waiting = whyPodsWait(NAMESPACE).filter(([pod]) => name.test(pod));
      const said = waiting.find(([, why]) => reason.test(why))?.[1];
      if (said === undefined) throw new Error(`pods wait: ${JSON.stringify(waiting)}`);
      return said;
    });
  }
});
