import { z } from "zod";
import { shareOf } from "./chance.ts";

export const faultNames = [
  "not-found",
  "ended",
  "rate-limited",
  "blocked",
  "captcha",
  "login",
  "server-error",
  "hang",
  "slow",
  "truncated",
  "needs-javascript",
  "devours-memory",
] as const;
export type Fault = (typeof faultNames)[number];

const pathPattern = z
  .object({ pattern: z.string() })
  .transform(({ pattern }) => new RegExp(pattern))
  .or(z.instanceof(RegExp));

const faultRule = z.strictObject({
  fault: z.enum(faultNames, { error: `one of ${faultNames.join(", ")}` }),
  /** The share of the paths that are hit, 0 to 1. Which ones is fixed by the plan's seed. */
  share: z.number().min(0).max(1).default(1),
  /** Start of the path, or an expression ({ "pattern": "…" } in JSON). Without it: every listing page. */
  path: z
    .string()
    .startsWith("/", { error: "a path that starts with /, or { pattern }" })
    .or(pathPattern)
    .default("/item/"),
  /** How many requests of each path are hit before it recovers; null: it never does. */
  times: z.number().int().positive().nullable().default(null),
  /** What a rate-limited answer says in Retry-After; null: no such header. */
  retryAfterSeconds: z.number().int().nonnegative().nullable().default(5),
  /** How long a slow answer takes, from its first byte to its last. */
  slowMs: z.number().int().nonnegative().default(3000),
});

/** Faults to switch on. The first rule that hits a path decides; a rule that is spent (`times`) makes way for the next. */
export const faultPlan = z.strictObject({ seed: z.number().int().default(1), rules: z.array(faultRule) });
export type FaultPlan = z.input<typeof faultPlan>;
export type FaultRule = z.infer<typeof faultRule>;

export interface Faults {
  /** The rule that hits the path, whether or not it is spent: the same answer for the same plan, always. */
  ruleFor(path: string): FaultRule | null;
  /** The rule for one more request of the path. Counts it. */
  take(path: string): FaultRule | null;
}

/** @throws ZodError naming what is wrong with the plan. */
export function createFaults(plan: FaultPlan): Faults {
  const { seed, rules } = faultPlan.parse(plan);
  const takenTimes = rules.map(() => new Map<string, number>());

  const hits = (rule: FaultRule, index: number, path: string): boolean => {
    const meant = typeof rule.path === "string" ? path.startsWith(rule.path) : rule.path.test(path);
    return meant && shareOf(seed, rule.fault, index, path) < rule.share;
  };

  return {
    ruleFor: (path) => rules.find((rule, index) => hits(rule, index, path)) ?? null,

    take(path) {
      for (const [index, rule] of rules.entries()) {
        if (!hits(rule, index, path)) continue;
        if (rule.times === null) return rule;
        const taken = takenTimes[index]?.get(path) ?? 0;
        if (taken >= rule.times) continue;
        takenTimes[index]?.set(path, taken + 1);
        return rule;
      }
      return null;
    },
  };
}
