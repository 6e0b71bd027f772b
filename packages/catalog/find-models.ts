import { type FamilyId, type GpuModel, labelsOf, modelOf } from "./gpu-models.ts";
import type { Token } from "./split-title.ts";

/** A model that a title names, and where. */
export interface Mention {
  model: GpuModel;
  /** Tokens from `start` up to, not including, `end`. */
  start: number;
  end: number;
  /** A number that says by itself, with a suffix such as Ti, or with no more than that, what it is. */
  isBare: boolean;
  /** Its own letters say so: 1060M, Max-Q. */
  isMobile: boolean;
}

/** Words by which sellers shorten or spell a suffix. "ts" and "tis": the 4070 Ti SUPER. */
const suffixWords: Record<string, string> = {
  ti: "ti",
  super: "super",
  xt: "xt",
  xtx: "xtx",
  gre: "gre",
  gme: "gme",
  tis: "ti super",
  ts: "ti super",
};
/** "ZOTAC … Super Compact" is a short card, no SUPER. */
const notSuper = new Set(["compact", "alloy", "jetstream"]);
/** What makes the number before it no model: a frequency, a resolution, a power. */
const units = new Set([
  "mhz",
  "ghz",
  "mm",
  "w",
  "watt",
  "p",
  "hz",
  "mb",
  "rpm",
  "gbps",
  "bit",
  "euro",
  "eur",
  "usd",
  "zl",
]);

const byNumberAlone: readonly FamilyId[] = ["rtx", "gtx", "rx"];

/**
 * Every model that a title names. A model is a family's word, its number and its suffix in a row; the number decides
 * nothing by itself, for titles are full of numbers.
 */
export function findModels(tokens: readonly Token[], isAboutCards: boolean): Mention[] {
  const mentions: Mention[] = [];
  for (let index = 0; index < tokens.length; index++) {
    const mention = namedAt(tokens, index) ?? numberedAt(tokens, index, mentions.at(-1), isAboutCards);
    if (mention === null) continue;
    mentions.push(mention);
    index = mention.end - 1;
  }
  const named = mentions.filter((mention) => !mention.isBare);
  return named.length > 0 ? named : mentions;
}

/** Models whose names are words: TITAN V, Radeon VII, Fury X. */
function namedAt(tokens: readonly Token[], index: number): Mention | null {
  const word = (offset: number) => tokens[index + offset]?.text ?? "";
  const mention = (familyId: FamilyId, label: string, length: number): Mention | null => {
    const model = modelOf(familyId, label);
    return model === undefined
      ? null
      : { model, start: index, end: index + length, isBare: false, isMobile: false };
  };
  switch (word(0)) {
    case "titan":
      return mention("titan", word(1), 2);
    case "vega":
      return word(1) === "frontier" ? mention("vegaFrontier", "frontier edition", 2) : null;
    case "radeon":
      if (word(1) === "vii") return mention("radeonVii", "vii", 2);
      return word(1) === "pro" && word(2) === "vii" ? mention("radeonPro", "vii", 3) : null;
    case "fury":
      if (word(-1) !== "9" && word(-1) !== "radeon" && word(1) !== "x") return null;
      return word(1) === "x" ? mention("r9Fury", "fury x", 2) : mention("r9Fury", "fury", 1);
    case "nano":
      return word(-2) === "r" && word(-1) === "9" ? mention("r9Fury", "nano", 1) : null;
    default:
      return null;
  }
}

function numberedAt(
  tokens: readonly Token[],
  index: number,
  before: Mention | undefined,
  isAboutCards: boolean,
): Mention | null {
  const token = tokens[index];
  if (token === undefined || !token.isNumber || token.text.length > 4) return null;
  if (units.has(tokens[index + 1]?.text ?? "")) return null;
  for (const familyId of familiesBefore(tokens, index)) {
    const mention = withSuffix(tokens, index, familyId, false);
    if (mention !== null) return mention;
    // A suffix that no card of this number has: the title means something that is not known here.
    if (labelsOf(familyId, token.text).length > 0) return null;
  }
  // "RTX 3060 / 3070": the second number belongs to the first one's family.
  const isListed = before !== undefined && before.end === index && !before.isBare;
  for (const familyId of byNumberAlone) {
    if (labelsOf(familyId, token.text).length === 0 || token.text.length < (isListed ? 3 : 4)) continue;
    const mention = withSuffix(tokens, index, familyId, !isListed);
    if (mention === null) continue;
    if (isListed || isAboutCards || mention.end > index + 1) return mention;
  }
  return null;
}

/** The families that the words before a number allow, the likeliest first. */
function familiesBefore(tokens: readonly Token[], index: number): readonly FamilyId[] {
  const last = tokens[index - 1]?.text ?? "";
  const secondLast = tokens[index - 2]?.text ?? "";
  const thirdLast = tokens[index - 3]?.text ?? "";
  const isAdaNext = [1, 2].some((offset) => tokens[index + offset]?.text === "ada");
  switch (last) {
    case "rtx":
      if (isAdaNext) return ["rtxAda"];
      return secondLast === "quadro" ? ["quadroRtx"] : ["rtx", "quadroRtx"];
    case "gtx":
    case "geforcegtx":
      return ["gtx"];
    case "gt":
      return ["gt"];
    case "gts":
      return ["gts"];
    case "geforce":
      return ["rtx", "gtx", "gt", "geforce"];
    case "nvidia":
      return ["rtx", "gtx"];
    case "quadro":
      return ["quadro", "quadroRtx"];
    case "rx":
    case "axrx":
      return ["rx"];
    case "vega":
      return ["vega"];
    case "hd":
      return secondLast === "intel" ? [] : ["hd"];
    // PowerColor's part numbers of those years: AX6870 is its Radeon HD 6870.
    case "ax":
      return ["hd"];
    case "radeon":
      return ["rx", "hd"];
    case "amd":
      return ["rx"];
    case "9":
      return secondLast === "r" ? ["r9"] : [];
    case "7":
      return secondLast === "r" ? ["r7"] : [];
    case "5":
      return secondLast === "r" ? ["r5"] : [];
    case "wx":
      return ["radeonProWx"];
    case "w":
      return secondLast === "pro" ? ["radeonProW"] : [];
    case "a":
      if (secondLast === "arc") return ["arcA"];
      if (secondLast === "pro" && thirdLast === "arc") return ["arcProA"];
      if (secondLast === "intel") return ["arcA"];
      if (secondLast === "rtx" || secondLast === "quadro") return ["rtxA"];
      return secondLast === "nvidia" || secondLast === "tesla" ? ["rtxA", "dataCentreA"] : [];
    case "b":
      if (secondLast === "arc" || secondLast === "intel") return ["arcB"];
      return secondLast === "pro" && thirdLast === "arc" ? ["arcProB"] : [];
    case "arc":
      return ["arcA", "arcB"];
    case "pro":
      return secondLast === "rtx" ? ["rtxPro"] : [];
    default:
      return quadroOrTesla(last, secondLast);
  }
}

const afterQuadro: Record<string, FamilyId> = {
  p: "quadroP",
  m: "quadroM",
  k: "quadroK",
  t: "quadroT",
  gp: "quadroGp",
  gv: "quadroGv",
};
const afterTesla: Record<string, FamilyId> = {
  k: "teslaK",
  m: "teslaM",
  p: "teslaP",
  v: "teslaV",
  t: "teslaT",
  l: "dataCentreL",
};

function quadroOrTesla(letters: string, brand: string): readonly FamilyId[] {
  const quadro = brand === "quadro" || brand === "nvidia" ? afterQuadro[letters] : undefined;
  const tesla = brand === "tesla" || brand === "nvidia" ? afterTesla[letters] : undefined;
  return [quadro, tesla].filter((familyId) => familyId !== undefined);
}

/** Reads the suffix after a number. Null: no card of the family has that number with that suffix. */
function withSuffix(
  tokens: readonly Token[],
  index: number,
  familyId: FamilyId,
  isBare: boolean,
): Mention | null {
  const number = tokens[index]?.text ?? "";
  const labels = labelsOf(familyId, number);
  if (labels.length === 0) return null;
  const { suffix, end, isMobile } = suffixAfter(tokens, index + 1, familyId, number);
  const label = suffix === "" ? number : `${number} ${suffix}`;
  const model = modelOf(familyId, label) ?? modelOf(familyId, label.replace(" x", "x")) ?? onlyOne();
  return model === undefined ? null : { model, start: index, end, isBare, isMobile };

  /** "RX 6900" can only be the RX 6900 XT. And a line of cards called Super makes no other model of a GTX 1080. */
  function onlyOne() {
    const only = labels.length === 1 && (suffix === "" || suffix === "super") ? labels[0] : undefined;
    if (only !== undefined) return modelOf(familyId, only);
    if (familyId === "rtxAda" || familyId === "rtxPro") return modelOf(familyId, labels[0] ?? "");
    return suffix === "super" && familyId === "gtx" ? modelOf(familyId, number) : undefined;
  }
}

function suffixAfter(tokens: readonly Token[], from: number, familyId: FamilyId, number: string) {
  const words: string[] = [];
  let index = from;
  let isMobile = false;
  for (; index < from + 3; index++) {
    const token = tokens[index];
    if (token === undefined) break;
    const { text, isGlued } = token;
    const next = tokens[index + 1]?.text ?? "";
    const isShortSuper = text === "s" && isGlued && familyId !== "rx";
    if (text === "super" && notSuper.has(next)) break;
    const suffix = isShortSuper && words.length <= 1 ? "super" : suffixWords[text];
    if (suffix !== undefined && (text !== "ts" || isGlued)) words.push(suffix);
    else if (isGlued && (text === "m" || text === "s")) isMobile = true;
    else if (isGlued && text === "x" && words.length === 0) words.push("x");
    else if (text === "d" && words.length === 0 && modelOf(familyId, `${number} d`) !== undefined)
      words.push("d");
    else if (text === "2048" && next === "sp") {
      words.push("2048sp");
      index += 1;
    } else break;
  }
  // In whichever order they are written: Super Ti is Ti SUPER.
  const suffix = words.includes("super") && words.includes("ti") ? "ti super" : (words[0] ?? "");
  return { suffix, end: Math.min(index, tokens.length), isMobile };
}
