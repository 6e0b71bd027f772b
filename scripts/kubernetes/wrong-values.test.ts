import { describe, expect, test } from "vitest";
import { findTool, runTool } from "./tools.ts";

describe.skipIf(findTool("helm") === null)("values that are wrong are refused with one clear message", () => {
  test.each([
    ["a misspelt key", ["wroker.replicas=4"], "additional properties 'wroker' not allowed"],
    ["a misspelt key below another", ["worker.replica=4"], "additional properties 'replica' not allowed"],
    ["a wrong type", ["worker.replicas=many"], "at '/worker/replicas': got string, want integer"],
    [
      "a word that is none of those there are",
      ["worker.mode=daemon"],
      "value must be one of 'deployment', 'job'",
    ],
    [
      "an interval that there is not",
      ["streamer.barIntervals=2m"],
      "at '/streamer/barIntervals': '2m' does not match",
    ],
    [
      "days that are none",
      ["dispatcher.barRetentionDays=1m:0"],
      "at '/dispatcher/barRetentionDays': '1m:0' does not match",
    ],
    [
      "a page for a socket",
      ["tradingview.socketUrl=https://mirror.example"],
      "at '/tradingview/socketUrl': 'https://mirror.example' does not match",
    ],
    ["a number out of its range", ["api.replicas=4"], "at '/api/replicas': maximum: got 4, want 3"],
    [
      "a Job to be scaled",
      ["worker.mode=job", "worker.scaling=keda"],
      "worker.mode is job and worker.scaling is keda, which contradict each other",
    ],
    [
      "a least number above the most",
      ["worker.scaling=hpa", "worker.replicas=2", "worker.hpa.minReplicas=3"],
      "worker.hpa.minReplicas is 3 and worker.replicas, the most there may be, is 2",
    ],
    [
      "one port for two services",
      ["api.nodePort=31672"],
      "api.nodePort and rabbitmq.managementNodePort are both 31672",
    ],
  ])("%s", (_, values, message) => {
    const render = () =>
      runTool("helm", [
        "template",
        "helm/pricefleet",
        "--kube-version=1.34.0",
        ...values.map((value) => `--set=${value}`),
      ]);
    expect(render).toThrow(message);
  });
});
