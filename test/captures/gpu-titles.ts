import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type GpuMatch, matchGpu } from "@pricefleet/catalog";
import { parse } from "csv-parse/sync";
import { capturesDir } from "./captures-dir.ts";

/** A shop's title, with the model and the memory that the same row gives apart from it. */
export interface GpuTitle {
  title: string;
  /** As the row words it. */
  chipset: string;
  memoryGb: number;
  half: "developed on" | "held out";
}

/** The rows of gpu_specs_prices.csv, which are Latin-1. By a digest of its title each belongs to one half. */
export function gpuTitles(): GpuTitle[] {
  const text = readFileSync(join(capturesDir, "gpu/gpu_specs_prices.csv"), "latin1");
  const rows = parse<{ name: string; chipset: string; memory: string }>(text, { columns: true });
  return rows.map(({ name, chipset, memory }) => ({
    title: name,
    chipset,
    memoryGb: Number.parseFloat(memory),
    half:
      (createHash("sha256").update(name, "latin1").digest()[0] ?? 0) % 2 === 0 ? "developed on" : "held out",
  }));
}

export interface JudgedTitle extends GpuTitle {
  match: GpuMatch;
  isMatched: boolean;
  isRight: boolean;
}

/** Right is the model of the row. Some rows word one model in several ways: 1060, 1060 6GB; Titan V, TITAN V. */
export function judgeGpuTitle(row: GpuTitle): JudgedTitle {
  const match = matchGpu(row.title);
  const isMatched = match.offer === "card" && match.model !== null;
  return {
    ...row,
    match,
    isMatched,
    isRight: isMatched && plainName(match.model ?? "") === plainName(row.chipset),
  };
}

function plainName(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, " ")
    .replace(/\b(\d+gb|g5|rx(?= vega)|radeon(?= vega frontier))/g, "")
    .replace(/\bx([pv])\b/g, "x$1")
    .replace(/\s+/g, " ")
    .trim()
    .replace(/^(vega)/, "radeon $1")
    .replace(/radeon vega/, "radeon vega");
}
