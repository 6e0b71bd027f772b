import { CsvError, parse } from "csv-parse/sync";
import { modelNamed } from "./model-named.ts";

/** A score of a list, by the catalog's name for the model, or the list's own where the catalog does not know it. */
export interface ListedScore {
  line: number;
  model: string;
  /** Null: the list does not tell sizes apart. */
  memoryGb: number | null;
  benchmark: string;
  /** Decimal. */
  score: string;
  /** YYYY-MM-DD, or null where the list has no date. A year is its first day. */
  measuredOn: string | null;
  /** Null: as the file is called. */
  source: string | null;
}

export interface BenchmarkList {
  scores: ListedScore[];
  /** What could not be read, and what would be right. */
  problems: { line: number; message: string }[];
  /** Further rows of a model that has a score already. */
  repeated: number;
}

/** The file is none of the lists that can be read. */
export class UnknownListError extends Error {
  override readonly name = "UnknownListError";
}

interface ListFormat {
  name: string;
  model: string;
  /** Columns with scores, and what each is called here. */
  scores: Record<string, string>;
  date: string | null;
}

const formats: readonly ListFormat[] = [
  {
    name: "PassMark",
    model: "gpuName",
    scores: { G3Dmark: "passmark-g3d", G2Dmark: "passmark-g2d" },
    date: "testDate",
  },
  {
    name: "Geekbench",
    model: "Device",
    scores: {
      CUDA: "geekbench-cuda",
      Metal: "geekbench-metal",
      OpenCL: "geekbench-opencl",
      Vulkan: "geekbench-vulkan",
    },
    date: null,
  },
];
/** For any other benchmark: a score a line. */
const ownColumns = ["model", "benchmark", "score"];

/**
 * Reads a list of scores: PassMark's, Geekbench's, or a file with the columns model, benchmark, score and, if there are,
 * source and date. A line that is wrong is a problem, and the others are read. An empty score is none.
 * @throws UnknownListError naming the columns that would be right.
 */
export function readBenchmarks(text: string): BenchmarkList {
  const problems: BenchmarkList["problems"] = [];
  const [header, ...rows] = recordsOf(text, problems);
  const columns = header?.cells.map((cell) => cell.trim()) ?? [];
  const format = formats.find(({ model, scores }) =>
    [model, ...Object.keys(scores)].every((column) => columns.includes(column)),
  );
  const isOwn = format === undefined && ownColumns.every((column) => columns.includes(column));
  if (format === undefined && !isOwn) throw new UnknownListError(describeFormats(columns));

  const scores: ListedScore[] = [];
  for (const { line, cells } of rows) {
    const cell = (column: string) => cells[columns.indexOf(column)]?.trim() ?? "";
    const name = cell(format?.model ?? "model");
    if (name === "") {
      problems.push({
        line,
        message: `${format?.model ?? "model"} should be the name of a model, and is empty`,
      });
      continue;
    }
    const benchmarks = format === undefined ? { score: cell("benchmark") } : format.scores;
    const date = dateOf(cell(format === undefined ? "date" : (format.date ?? "")));
    if (date === undefined)
      problems.push({
        line,
        message: `${name}: the date should be a year or a day such as 2022-05-31; read without it`,
      });
    for (const [column, benchmark] of Object.entries(benchmarks)) {
      const score = cell(column);
      if (score === "") continue;
      if (!/^\d{1,12}(\.\d{1,6})?$/.test(score) || Number(score) === 0 || benchmark === "") {
        const message =
          benchmark === ""
            ? `${name}: benchmark should be a name such as passmark-g3d, and is empty`
            : `${name}: ${column} should be a number above 0 such as 26887, and is ${JSON.stringify(score)}`;
        problems.push({ line, message });
        continue;
      }
      const known = modelNamed(name);
      scores.push({
        line,
        model: known?.model.name ?? name,
        memoryGb: known?.memoryGb ?? null,
        benchmark,
        score,
        measuredOn: date ?? null,
        source: cell("source") || null,
      });
    }
  }
  const kept = firstOfEach(scores);
  return { scores: kept, problems, repeated: scores.length - kept.length };
}

interface CsvRecord {
  line: number;
  cells: string[];
}

/** A row is a line, so that a quote which is never closed spoils its own line and no other. */
function recordsOf(text: string, problems: BenchmarkList["problems"]): CsvRecord[] {
  return text.split(/\r?\n/).flatMap((row, index) => {
    const line = index + 1;
    try {
      return parse(row, { bom: true, relax_column_count: true }).map((cells) => ({ line, cells }));
    } catch (error) {
      if (!(error instanceof CsvError)) throw error;
      problems.push({ line, message: "should be values split by commas, with quotes in pairs" });
      return [];
    }
  });
}

/** Undefined: it is neither a year nor a day. */
function dateOf(text: string): string | null | undefined {
  if (text === "") return null;
  if (/^(19|20)\d\d$/.test(text)) return `${text}-01-01`;
  return /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text)) ? text : undefined;
}

function firstOfEach(scores: readonly ListedScore[]): ListedScore[] {
  const first = new Map<string, ListedScore>();
  for (const score of scores) {
    const key = JSON.stringify([score.model, score.memoryGb, score.benchmark]);
    if (!first.has(key)) first.set(key, score);
  }
  return [...first.values()];
}

function describeFormats(columns: readonly string[]): string {
  const right = formats.map(
    ({ name, model, scores }) => `${name}'s: ${[model, ...Object.keys(scores)].join(", ")}`,
  );
  return `the first line should have the columns of one of these lists: ${[...right, `any other: ${ownColumns.join(", ")} and, if there are, source and date`].join("; ")}. It has ${
    columns
      .map((column) => column.slice(0, 40))
      .slice(0, 20)
      .join(", ") || "none"
  }`;
}
