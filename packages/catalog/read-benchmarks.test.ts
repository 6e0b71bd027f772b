import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { capturesDir, hasCaptures } from "../../test/captures/index.ts";
import { readBenchmarks, UnknownListError } from "./index.ts";

const scoresOf = (text: string) =>
  readBenchmarks(text).scores.map(({ model, memoryGb, benchmark, score }) => [
    model,
    memoryGb,
    benchmark,
    score,
  ]);

describe("a list of benchmarks", () => {
  it("has PassMark's columns or Geekbench's, in any order and among others", () => {
    expect(scoresOf("brand,gpuName,G3Dmark,G2Dmark,testDate\nNVIDIA,GeForce RTX 3060,17001,,2021\n")).toEqual(
      [["GeForce RTX 3060", null, "passmark-g3d", "17001"]],
    );
    expect(
      scoresOf(
        "\uFEFFManufacturer,Device,CUDA,Metal,OpenCL,Vulkan\r\nAMD,Radeon RX 5700xt,,,70000,68000.5\r\n",
      ),
    ).toEqual([
      ["Radeon RX 5700 XT", null, "geekbench-opencl", "70000"],
      ["Radeon RX 5700 XT", null, "geekbench-vulkan", "68000.5"],
    ]);
  });

  it("has any other benchmark in columns of its own, with where and when it was measured", () => {
    expect(
      readBenchmarks(
        "model,benchmark,score,source,date\nRTX 4090,blender,11000,opendata.blender.org,2026-01-31",
      ).scores,
    ).toMatchObject([
      { model: "GeForce RTX 4090", source: "opendata.blender.org", measuredOn: "2026-01-31", line: 2 },
    ]);
  });

  it("tells sizes of memory apart where it names one, and laptops' cards from others", () => {
    expect(
      scoresOf(
        "model,benchmark,score\nGeForce GTX 1060 3GB,b,1\nGeForce RTX 3080 Laptop GPU,b,2\nGRID RTX6000-4Q,b,3",
      ),
    ).toEqual([
      ["GeForce GTX 1060", 3, "b", "1"],
      ["GeForce RTX 3080 Laptop GPU", null, "b", "2"],
      ["GRID RTX6000-4Q", null, "b", "3"],
    ]);
  });

  it("is read but for the lines that are wrong, each with what would be right", () => {
    const { scores, problems, repeated } = readBenchmarks(
      'model,benchmark,score,date\nA,b,1,\n,b,1,\nC,b,-4,\n"D,b,5,\nE,,6,\nF,b,7,soon\nA,b,8,',
    );
    expect(scores.map(({ model, score }) => [model, score])).toEqual([
      ["A", "1"],
      ["F", "7"],
    ]);
    expect(repeated).toBe(1);
    expect(problems.map(({ line }) => line).toSorted((a, b) => a - b)).toEqual([3, 4, 5, 6, 7]);
    for (const { message } of problems) expect(message).toContain("should be");
  });

  it.each(["", "name,price\nA,1", "\u0000\u0001"])(
    "that is none, such as %j, says which columns would be right",
    (text) => {
      expect(() => readBenchmarks(text)).toThrow(UnknownListError);
      expect(() => readBenchmarks(text)).toThrow(/gpuName, G3Dmark, G2Dmark/);
    },
  );
});

describe.skipIf(!hasCaptures)("the captured lists", () => {
  it.each([
    ["GPU_benchmarks_v7.csv", 4_600],
    ["GPU_scores_graphicsAPIs.csv", 2_100],
  ])("%s is read whole", (file, least) => {
    const { scores, problems } = readBenchmarks(readFileSync(join(capturesDir, "gpu", file), "utf8"));
    expect(scores.length).toBeGreaterThan(least);
    expect(problems).toEqual([]);
  });
});
