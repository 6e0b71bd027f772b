// make down: ends what make up left running.
import { ExitCode } from "@pricefleet/contracts";
import { runCommand } from "./command.ts";
import { stopRunningStack } from "./running-stack.ts";

await runCommand(async () => {
  const lines = await stopRunningStack();
  console.log(lines.length === 0 ? "Nothing was running." : lines.join("\n"));
  return ExitCode.ok;
});
