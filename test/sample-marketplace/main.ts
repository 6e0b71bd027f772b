import { ExitCode, messageOf, readEnvironment, wholeNumber } from "@pricefleet/contracts";
import { z } from "zod";
import { faultPlan } from "./faults.ts";
import { startSampleMarketplace } from "./start-sample-marketplace.ts";
import { currencies } from "./money.ts";

/** FAULTS='{"rules":[{"fault":"captcha","share":0.1}]}' */
const faultsVariable = z.string().transform((text, context) => {
  try {
    return faultPlan.parse(JSON.parse(text));
  } catch (error) {
    const wrong =
      error instanceof z.ZodError ? z.prettifyError(error).replaceAll(/\s+/g, " ") : messageOf(error);
    context.addIssue({ code: "custom", message: `a fault plan as JSON (${wrong})` });
    return z.NEVER;
  }
});

const environment = readEnvironment(
  z.object({
    HOST: z.string().default("127.0.0.1"),
    PORT: wholeNumber(0, 65_535).default(30_081),
    SEED: wholeNumber(0, 2 ** 31).default(1),
    LISTINGS: wholeNumber(0, 100_000_000).default(120),
    PER_PAGE: wholeNumber(1, 1000).default(40),
    PRICE_STEP_SECONDS: wholeNumber(1, 31_536_000).default(60),
    CURRENCY: z.enum([...currencies, "mixed"], { error: "EUR, USD, PLN or mixed" }).default("mixed"),
    FAULTS: faultsVariable.optional(),
  }),
);

try {
  const marketplace = await startSampleMarketplace({
    host: environment.HOST,
    port: environment.PORT,
    seed: environment.SEED,
    listings: environment.LISTINGS,
    perPage: environment.PER_PAGE,
    priceStepSeconds: environment.PRICE_STEP_SECONDS,
    currency: environment.CURRENCY,
    ...(environment.FAULTS && { faults: environment.FAULTS }),
  });
  process.stdout.write(`The sample marketplace is open at ${marketplace.url}\n`);
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.once(signal, () => void marketplace.close());
  }
} catch (error) {
  const portTaken = (error as NodeJS.ErrnoException).code === "EADDRINUSE";
  const words = portTaken
    ? `Port ${environment.PORT} is taken by another program; set PORT to a free one.`
    : messageOf(error);
  process.stderr.write(`${words}\n`);
  process.exitCode = portTaken ? ExitCode.portTaken : ExitCode.unexpected;
}
