// make k8s-logs COMPONENT=worker: the logs of a component's pods, followed until Ctrl-C (FOLLOW=0: what there is).
import { spawn } from "node:child_process";
import { once } from "node:events";
import { BadEnvironmentError, ExitCode, parseEnvironment, switchVariable } from "@pricefleet/contracts";
import type { V1Pod } from "@kubernetes/client-node";
import { z } from "zod";
import { runCommand } from "../command.ts";
import { COMPONENT_LABEL } from "./component-states.ts";
import { requireNamespace } from "./namespace.ts";
import { OWN } from "./take-inventory.ts";

const LINES_BEFORE = 20;
/** kubectl follows five pods unless told otherwise, and there are sixteen workers. */
const MAX_PODS = 100;

await runCommand(async (interrupted) => {
  const { COMPONENT: component, FOLLOW: follow } = parseEnvironment(
    z.object({ COMPONENT: z.string().default("worker"), FOLLOW: switchVariable.default(true) }),
  );
  const namespace = requireNamespace();
  const names = namespace
    .list<V1Pod>("pods", OWN)
    .map(({ metadata }) => metadata?.labels?.[COMPONENT_LABEL] ?? "");
  if (!names.includes(component)) {
    const known = [...new Set(names)].toSorted().join(", ") || "none: nothing runs (make k8s-up)";
    throw new BadEnvironmentError("COMPONENT", component, `a component that has pods: ${known}`);
  }
  const [program, ...args] = [
    ...namespace.command,
    "logs",
    `--selector=${COMPONENT_LABEL}=${component}`,
    "--all-containers",
    "--prefix",
    "--ignore-errors",
    `--tail=${LINES_BEFORE}`,
    `--max-log-requests=${MAX_PODS}`,
    `--follow=${follow}`,
  ];
  const logs = spawn(program, args, { stdio: ["ignore", "inherit", "inherit"] });
  interrupted.addEventListener("abort", () => logs.kill("SIGTERM"), { once: true });
  const [exitCode] = (await once(logs, "exit")) as [number | null];
  return interrupted.aborted ? ExitCode.ok : (exitCode ?? ExitCode.unexpected);
});
