export type { CollectorLauncher } from "./collector-launcher.ts";
export { explainPod } from "./explain-pod.ts";
export { explainPods, explainRefusal } from "./explain-pods.ts";
export { createJobLauncher } from "./job-launcher.ts";
export { keepSecrets, type WantedSecret } from "./keep-secrets.ts";
export { createLocalLauncher } from "./local-launcher.ts";
export { rabbitmqDefinitions, wantedSecrets } from "./wanted-secrets.ts";
