/**
 * node scripts/measure-catalog.ts
 *
 * Prints how well the GPU catalog reads the captured titles (docs/extraction.md), and how long it takes. Titles are
 * shown of the half that the rules were made on only.
 */
import { matchGpu } from "@pricefleet/catalog";
import { capturesDir, hasCaptures } from "../test/captures/index.ts";
import { gpuTitles, judgeGpuTitle } from "../test/captures/gpu-titles.ts";

const ROUNDS = 15;
const PASSES = 50;

if (hasCaptures) {
  printMeasures();
} else {
  console.error(`There are no captures at ${capturesDir}; CAPTURES_DIR names another place`);
  process.exitCode = 1;
}

function printMeasures(): void {
  const judged = gpuTitles().map(judgeGpuTitle);
  console.log("| titles | known | matched to a model | right | precision | recall | memory told | right |");
  console.log("|---|--:|--:|--:|--:|--:|--:|--:|");
  for (const half of ["developed on", "held out", "all"]) {
    const rows = judged.filter((row) => half === "all" || row.half === half);
    const matched = rows.filter((row) => row.isMatched);
    const right = rows.filter((row) => row.isRight).length;
    const sized = matched.filter((row) => row.match.memoryGb !== null);
    const sizedRight = sized.filter((row) => row.match.memoryGb === row.memoryGb).length;
    const percent = (of: number) => `${((100 * right) / of).toFixed(1)}%`;
    const cells = [half, rows.length, matched.length, right, percent(matched.length), percent(rows.length)];
    console.log(`| ${[...cells, sized.length, sizedRight].join(" | ")} |`);
  }
  for (const { half, isRight, title, chipset, match } of judged) {
    if (!isRight && half === "developed on")
      console.log(`wrong: ${title} is ${chipset}, read ${match.offer} ${match.model}`);
  }
  console.log(`median CPU: ${medianMicroseconds(judged.map(({ title }) => title)).toFixed(2)} µs a title`);
}

/** Processor time rather than the clock's, so that the figure is the same on a busy machine. */
function medianMicroseconds(titles: readonly string[]): number {
  const times = Array.from({ length: ROUNDS }, () => {
    const start = process.cpuUsage();
    for (let pass = 0; pass < PASSES; pass++) for (const title of titles) matchGpu(title);
    const { user, system } = process.cpuUsage(start);
    return (user + system) / (PASSES * titles.length);
  });
  return times.toSorted((a, b) => a - b)[Math.floor(ROUNDS / 2)] ?? Number.NaN;
}
