// make k8s-down: removes what runs. The data stays: volumes, Secrets, settings.
import { ExitCode } from "@pricefleet/contracts";
import type { V1Deployment } from "@kubernetes/client-node";
import { runCommand } from "../command.ts";
import { requireNamespace } from "./namespace.ts";
import { OWN } from "./take-inventory.ts";
import { runTool } from "./tools.ts";

const KINDS = "deployments,statefulsets,cronjobs,jobs,services,poddisruptionbudgets";
const TIMEOUT = "240s";

await runCommand(async () => {
  const namespace = requireNamespace();
  const releases = namespace
    .list<V1Deployment>("deployments", OWN)
    .flatMap(({ metadata }) => metadata?.annotations?.["meta.helm.sh/release-name"] ?? []);
  const [release] = releases;
  if (release === undefined) {
    console.error(`Removing what runs in namespace ${namespace.name} of ${namespace.context} …`);
    // The controllers first, and each with its pods, so that nothing is made again.
    namespace.kubectl(
      "delete",
      KINDS,
      OWN,
      "--cascade=foreground",
      "--ignore-not-found",
      `--timeout=${TIMEOUT}`,
    );
  } else {
    console.error(`Uninstalling helm's release ${release} from namespace ${namespace.name} …`);
    runTool(
      "helm",
      [
        "uninstall",
        release,
        `--namespace=${namespace.name}`,
        `--kube-context=${namespace.context}`,
        "--wait",
      ],
      { timeoutMs: 300_000 },
    );
  }
  // helm does not wait for pods that finish what they have in hand.
  if (namespace.list("pods", OWN).length > 0) {
    namespace.kubectl("wait", "--for=delete", "pods", OWN, `--timeout=${TIMEOUT}`);
  }
  const kept = namespace.kubectl("get", "persistentvolumeclaims,secrets", "--output=name").trim().split("\n");
  console.log(
    `Down. Kept: ${kept.map((name) => name.split("/")[1]).join(", ")}. make k8s-up goes on with them; make k8s-purge removes them.`,
  );
  return ExitCode.ok;
});
