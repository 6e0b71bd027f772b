import type { V1Secret } from "@kubernetes/client-node";
import { connectFromPod } from "./cluster-api.ts";

/** What a Secret has to hold. The values are made for each key that is missing, from all that is then there. */
export interface WantedSecret {
  name: string;
  labels: Record<string, string>;
  /** Called with what the Secret holds already; gives the keys that are missing, and those that follow from them. */
  complete: (held: Readonly<Record<string, string>>) => Record<string, string>;
}

/**
 * Makes the Secrets that are missing, and adds missing keys to those that are there. A value once made is never
 * replaced: the servers' data is locked with it.
 * @returns what was made, a line for each Secret: its name and keys, no values.
 */
export async function keepSecrets(wanted: readonly WantedSecret[]): Promise<string[]> {
  const { core, namespace, isAnswer } = await connectFromPod();
  const made: string[] = [];
  for (const { name, labels, complete } of wanted) {
    const existing = await core.readNamespacedSecret({ namespace, name }).catch((error: unknown) => {
      if (isAnswer(error, 404)) return null;
      throw error;
    });
    const added = complete(decode(existing));
    if (Object.keys(added).length === 0) continue;
    if (existing === null) {
      await core.createNamespacedSecret({
        namespace,
        body: { metadata: { name, labels }, stringData: added },
      });
    } else {
      // Replaced as read: if another wrote meanwhile, the resourceVersion makes this one fail and the Job try again.
      await core.replaceNamespacedSecret({
        namespace,
        name,
        body: Object.assign(existing, { stringData: added }),
      });
    }
    made.push(`${name}: ${Object.keys(added).join(", ")}`);
  }
  return made;
}

function decode(secret: V1Secret | null): Record<string, string> {
  return Object.fromEntries(
    Object.entries(secret?.data ?? {}).map(([key, value]) => [
      key,
      Buffer.from(value, "base64").toString("utf8"),
    ]),
  );
}
