import { classifyOffer, type GpuOfferKind } from "./classify-offer.ts";
import { findModels, type Mention } from "./find-models.ts";
import { offerWordsIn } from "./offer-words.ts";
import { splitTitle, type Token } from "./split-title.ts";

/** Counts up with every change of what a title means, so that titles which an older one read are matched again. */
export const catalogVersion = 1;

/** What a title offers, as far as graphics cards go. */
export interface GpuMatch {
  offer: GpuOfferKind;
  /** As its maker writes it, without the memory; of a laptop with "Laptop GPU". Null: none is named, or several are. */
  model: string | null;
  /** Null: not named, and the model is sold with several sizes. */
  memoryGb: number | null;
}

/** Which graphics card a listing's title offers, and whether it offers one at all. Pure; any text is read. */
export function matchGpu(title: string): GpuMatch {
  const tokens = splitTitle(title);
  const words = offerWordsIn(tokens);
  const isAboutCards = words.some(({ kind }) => kind === "card");
  const mentions = withoutComparisons(findModels(tokens, isAboutCards), tokens);
  const [first] = mentions;
  if (first === undefined) return { offer: "unknown", model: null, memoryGb: null };
  const offer = classifyOffer(tokens, words, mentions);
  const { model } = first;
  const isOne = mentions.every((mention) => mention.model.name === model.name);
  if (!isOne) return { offer, model: null, memoryGb: null };
  const memoryGb = memoryIn(tokens, model.memorySizesGb);
  if (offer === "laptop") return { offer, model: `${model.name} Laptop GPU`, memoryGb: null };
  return { offer, model: model.name, memoryGb };
}

const comparing = new Set([
  "than",
  "als",
  "niz",
  "od",
  "vs",
  "like",
  "wie",
  "jak",
  "beats",
  "не",
  "not",
  "no",
  "nicht",
  "nie",
  "kein",
  "чем",
  "ніж",
  "que",
  "for",
  "gegen",
  "na",
  "на",
  "against",
  "contre",
  "por",
]);

/** "RTX 3060, better than GTX 1080 Ti" offers one card, and so does "RTX 3080, swap for RTX 4070". */
function withoutComparisons(mentions: readonly Mention[], tokens: readonly Token[]): Mention[] {
  return mentions.filter(({ start }, index) => {
    if (index === 0) return true;
    for (let before = start - 1; before >= Math.max(0, start - 4); before--)
      if (comparing.has(tokens[before]?.text ?? "")) return false;
    return true;
  });
}

const FROM_MB = 1_024;

/** The size that a title tells, if the model was sold with it; the only size that there is. */
function memoryIn(tokens: readonly Token[], sizesGb: readonly number[]): number | null {
  for (const [index, { text, isNumber }] of tokens.entries()) {
    if (!isNumber || text.length > 5) continue;
    const unit = tokens[index + 1]?.text ?? "";
    const size = unit === "mb" ? Number(text) / FROM_MB : isGigabytes(unit) ? Number(text) : null;
    if (size !== null && sizesGb.includes(size)) return size;
  }
  return sizesGb.length === 1 ? (sizesGb[0] ?? null) : null;
}

/** "8GB", "8G", "8 Go", "O8G", "8GBD6", "4GT": whatever begins with a g, and is no rate or frequency. */
function isGigabytes(unit: string): boolean {
  const [first, second = ""] = unit;
  if (first === "г") return second === "" || second === "б";
  if (first !== "g" || unit === "ghz" || unit.startsWith("gbps") || unit.startsWith("gbit")) return false;
  return second === "" || second === "b" || second === "o" || second === "d" || unit === "gt";
}
