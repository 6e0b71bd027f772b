export type { CollectorLauncher } from "./collector-launcher.ts";
export { createJobLauncher } from "./job-launcher.ts";
export { keepSecrets, type WantedSecret } from "./keep-secrets.ts";
export { createLocalLauncher } from "./local-launcher.ts";
export { wantedSecrets } from "./wanted-secrets.ts";
