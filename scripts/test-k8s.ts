// make test-k8s: builds the images, and proves the manifests and the chart on a real cluster.
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { ExitCode, parseEnvironment, switchVariable } from "@pricefleet/contracts";
import { z } from "zod";
import { runCommand } from "./command.ts";
import {
  buildImages,
  type ImageTarget,
  imageName,
  olderVersion,
  serverImages,
  version,
} from "./kubernetes/build-images.ts";
import { acquireTestCluster, NoClusterError, type TestCluster } from "./kubernetes/test-cluster.ts";
import { countResults, type TestReport } from "./test-report.ts";

const API_NODE_PORT = 30_080;
const MANAGEMENT_NODE_PORT = 31_672;
const targets: ImageTarget[] = ["service", "browser", "sample"];
const root = join(import.meta.dirname, "..");
const reportFile = join(root, ".local/test-k8s/report.json");
const say = (line: string) => console.error(line);

await runCommand(async (interrupted) => {
  const { IF_POSSIBLE: ifPossible } = parseEnvironment(
    z.object({ IF_POSSIBLE: switchVariable.default(false) }),
  );
  try {
    return await testOnCluster(interrupted);
  } catch (error) {
    if (!ifPossible || !(error instanceof NoClusterError)) throw error;
    console.log(`not tested on Kubernetes: ${error.message}`);
    return ExitCode.ok;
  }
});

async function testOnCluster(interrupted: AbortSignal): Promise<number> {
  using closers = new DisposableStack();
  const cluster = acquireTestCluster(say);
  closers.defer(() => cluster.stop());
  const tags = [version, olderVersion];
  buildImages(targets, tags, say);
  interrupted.throwIfAborted();
  say("Bringing the images into the cluster …");
  const built = targets.flatMap((target) => tags.map((tag) => imageName(target, tag)));
  cluster.load([...built, ...serverImages]);
  interrupted.throwIfAborted();
  const exitCode = await runTests(cluster, interrupted);
  interrupted.throwIfAborted();
  const report = existsSync(reportFile)
    ? (JSON.parse(readFileSync(reportFile, "utf8")) as TestReport)
    : { testResults: [] };
  const { passed, failed, skipped } = countResults(report, exitCode);
  console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
  return failed > 0 ? ExitCode.unexpected : ExitCode.ok;
}

async function runTests(cluster: TestCluster, interrupted: AbortSignal): Promise<number | null> {
  mkdirSync(join(root, ".local/test-k8s"), { recursive: true });
  rmSync(reportFile, { force: true });
  const vitest = spawn(
    process.execPath,
    [
      join(root, "node_modules/.bin/vitest"),
      "run",
      "--config=test/kubernetes/vitest.config.ts",
      "--reporter=verbose",
      "--reporter=json",
      `--outputFile.json=${reportFile}`,
      ...process.argv.slice(2),
    ],
    {
      cwd: root,
      stdio: ["ignore", "inherit", "inherit"],
      env: {
        ...process.env,
        ...cluster.environment,
        KUBE_CONTEXT: cluster.context,
        API_URL: cluster.nodePortUrl(API_NODE_PORT),
        MANAGEMENT_URL: cluster.nodePortUrl(MANAGEMENT_NODE_PORT),
      },
    },
  );
  const stop = () => vitest.kill("SIGTERM");
  interrupted.addEventListener("abort", stop, { once: true });
  try {
    return await new Promise((resolve, reject) => {
      vitest.once("error", reject);
      vitest.once("exit", resolve);
    });
  } finally {
    interrupted.removeEventListener("abort", stop);
  }
}
