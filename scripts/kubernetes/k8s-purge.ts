// make k8s-purge: removes the namespace with all data in it, after its name was typed (or given by CONFIRM).
import { createInterface } from "node:readline/promises";
import { BadEnvironmentError, ExitCode, parseEnvironment } from "@pricefleet/contracts";
import type { V1PersistentVolume } from "@kubernetes/client-node";
import { z } from "zod";
import { runCommand } from "../command.ts";
import { type Namespace, requireNamespace } from "./namespace.ts";

await runCommand(async (interrupted) => {
  const { CONFIRM: confirmed } = parseEnvironment(z.object({ CONFIRM: z.string().optional() }));
  const namespace = requireNamespace();
  const typed = confirmed ?? (await ask(namespace, interrupted));
  if (typed !== namespace.name) {
    throw new BadEnvironmentError("CONFIRM", typed, `${namespace.name}, the name of what is to be removed`);
  }
  const kept = namespace
    .list<V1PersistentVolume>("persistentvolumes")
    .filter(({ spec }) => spec?.claimRef?.namespace === namespace.name)
    .filter(({ spec }) => spec?.persistentVolumeReclaimPolicy === "Retain");
  console.error(`Removing namespace ${namespace.name} of ${namespace.context} with its data …`);
  namespace.kubectl("delete", "namespace", namespace.name, "--timeout=280s");
  for (const { metadata, spec } of kept) {
    const place = spec?.hostPath?.path ?? "its storage";
    console.log(
      `PersistentVolume ${metadata?.name} is to be retained: ${place} is still there, and may be removed by hand.`,
    );
  }
  console.log("Purged.");
  return ExitCode.ok;
});

async function ask(namespace: Namespace, interrupted: AbortSignal): Promise<string> {
  if (!process.stdin.isTTY) {
    throw new BadEnvironmentError("CONFIRM", undefined, `${namespace.name}, where nobody can be asked`);
  }
  const claims = namespace
    .kubectl("get", "persistentvolumeclaims", "--output=name")
    .trim()
    .split("\n").length;
  console.log(
    `This removes namespace ${namespace.name} of ${namespace.context}: all prices, pages and passwords (${claims} volumes).`,
  );
  const reader = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return (await reader.question(`Type ${namespace.name} to go on: `, { signal: interrupted })).trim();
  } finally {
    reader.close();
  }
}
