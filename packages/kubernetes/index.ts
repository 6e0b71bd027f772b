export type { CollectorLauncher } from "./collector-launcher.ts";
export { createLocalLauncher } from "./local-launcher.ts";
