import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync } from "node:fs";
import { delimiter, join } from "node:path";

const root = join(import.meta.dirname, "../..");
/** A real Kubernetes for tests with its own kubectl, helm and kubeconform, where this repository has it beside it. */
export const clusterFolder = join(root, "../shared/cluster");
const DEFAULT_TIMEOUT_MS = 120_000;
const MAX_OUTPUT_BYTES = 64 * 2 ** 20;

/** Those that the test cluster brings along, where there is one. */
type ClusterTool = "kubectl" | "helm" | "kubeconform";
export type ToolName = ClusterTool | "microk8s" | "docker" | "podman" | "buildah";

/** A program of Kubernetes's that is not on this machine. */
export class ToolMissingError extends Error {
  override readonly name = "ToolMissingError";
}

/** A program ended with another exit code than 0; the message has what it said. */
export class CommandFailedError extends Error {
  override readonly name = "CommandFailedError";
}

export interface CommandOptions {
  input?: string;
  timeoutMs?: number;
}

/** Runs a program to its end and gives its stdout. @throws CommandFailedError */
export function run(
  command: readonly string[],
  { input, timeoutMs = DEFAULT_TIMEOUT_MS }: CommandOptions = {},
): string {
  const [program = "", ...args] = command;
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    cwd: root,
    encoding: "utf8",
    timeout: timeoutMs,
    maxBuffer: MAX_OUTPUT_BYTES,
    ...(input !== undefined && { input }),
  });
  if (status === 0) return stdout;
  const said = stderr.trim() || stdout.trim() || error?.message || "it said nothing";
  throw new CommandFailedError(`${command.join(" ")}: ${said}`);
}

/** How a tool is called: from PATH, else the test cluster's own; null where there is neither. */
export function findTool(name: ToolName): string[] | null {
  const known = tools.get(name);
  if (known !== undefined) return known;
  const found = lookForTool(name);
  tools.set(name, found);
  return found;
}

const tools = new Map<ToolName, string[] | null>();

function lookForTool(name: ToolName): string[] | null {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  if (folders.some((folder) => isProgram(join(folder, name)))) return [name];
  const cluster = join(clusterFolder, "cluster");
  if (!isClusterTool(name) || !existsSync(cluster)) return null;
  const isUnpacked = spawnSync(cluster, [name, versionArgument[name]], { timeout: 20_000 }).status === 0;
  return isUnpacked ? [cluster, name] : null;
}

function isClusterTool(name: ToolName): name is ClusterTool {
  return name in versionArgument;
}

const versionArgument: Record<ClusterTool, string> = {
  kubectl: "options",
  helm: "version",
  kubeconform: "-v",
};

/** @throws ToolMissingError saying what to install, CommandFailedError */
export function runTool(name: ToolName, args: readonly string[], options?: CommandOptions): string {
  const tool = findTool(name);
  if (tool === null)
    throw new ToolMissingError(`${name} is needed and not in PATH; install it and try again`);
  return run([...tool, ...args], options);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    // Not there, or not to be run.
    return false;
  }
}
