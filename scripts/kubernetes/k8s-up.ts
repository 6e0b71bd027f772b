// make k8s-up: applies k8s/ and waits until everything is Ready, saying what it waits for.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { ExitCode, parseEnvironment, wholeNumber } from "@pricefleet/contracts";
import { z } from "zod";
import { runCommand } from "../command.ts";
import { statusLine } from "../terminal/status-line.ts";
import { type ComponentState, componentStates } from "./component-states.ts";
import { findImages } from "./find-images.ts";
import { findNamespace, type Namespace } from "./namespace.ts";
import { overlay } from "./overlay.ts";
import { takeInventory } from "./take-inventory.ts";

const POLL_MS = 1_000;
/** A reason that passes sooner is only the order in which things start. */
const WORTH_TELLING_MS = 15_000;
const root = join(import.meta.dirname, "../..");

await runCommand(async (interrupted) => {
  const { WAIT_SECONDS: waitSeconds } = parseEnvironment(
    z.object({ WAIT_SECONDS: wholeNumber(1, 86_400).default(600) }),
  );
  const namespace = findNamespace();
  console.error(`Applying k8s/ to namespace ${namespace.name} of ${namespace.context} …`);
  await applyManifests(namespace);
  return waitUntilReady(namespace, waitSeconds * 1_000, interrupted);
});

async function applyManifests(namespace: Namespace): Promise<void> {
  const folder = join(root, ".local/k8s", namespace.name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "kustomization.yaml"), overlay(namespace.name, await findImages()));
  if (namespace.exists()) {
    // A Job's template cannot be changed; these are made anew, and may be done again at any time.
    const again =
      "--selector=app.kubernetes.io/instance=pricefleet,app.kubernetes.io/name in (keep-secrets,migrate)";
    namespace.kubectl("delete", "jobs", again, "--ignore-not-found");
  }
  namespace.kubectl("apply", `--kustomize=${folder}`);
}

async function waitUntilReady(
  namespace: Namespace,
  waitMs: number,
  interrupted: AbortSignal,
): Promise<number> {
  const line = statusLine();
  const deadline = Date.now() + waitMs;
  const firstSeen = new Map<string, number>();
  const told = new Set<string>();
  try {
    for (;;) {
      interrupted.throwIfAborted();
      const states = componentStates(takeInventory(namespace));
      const missing = states.filter(({ ready, wanted }) => ready < wanted);
      if (missing.length === 0) {
        line.show(`all ${states.length} components are Ready`);
        break;
      }
      line.show(
        `waiting for ${missing.map(({ component, ready, wanted }) => `${component} ${ready}/${wanted}`).join(", ")}`,
      );
      for (const reason of missing.flatMap(describeReasons)) {
        const since = firstSeen.get(reason) ?? Date.now();
        firstSeen.set(reason, since);
        if (told.has(reason) || Date.now() - since < WORTH_TELLING_MS) continue;
        told.add(reason);
        line.end();
        console.error(reason);
      }
      if (Date.now() > deadline) {
        line.end();
        console.error(`Not Ready after ${waitMs / 1_000} s (WAIT_SECONDS):`);
        for (const reason of missing.flatMap(describeReasons)) console.error(`  ${reason}`);
        return ExitCode.unexpected;
      }
      await delay(POLL_MS);
    }
  } finally {
    line.end();
  }
  const at = namespace.name === "pricefleet" ? "" : ` NAMESPACE=${namespace.name}`;
  console.log(`Up. Next: make k8s-collect SEARCH_TERM="thinkpad x1"${at}, make k8s-status${at}`);
  return ExitCode.ok;
}

function describeReasons({ component, reasons }: ComponentState): string[] {
  return reasons.map((reason) => `${component}: ${reason}`);
}
