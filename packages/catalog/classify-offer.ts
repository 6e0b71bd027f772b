import type { Mention } from "./find-models.ts";
import type { OfferWord, WordKind } from "./offer-words.ts";
import type { Token } from "./split-title.ts";

/** What is for sale. Only the price of a `card` is the price of a graphics card. */
export const gpuOfferKinds = [
  "card",
  "several",
  "laptop",
  "computer",
  "broken",
  "wanted",
  "accessory",
  "unknown",
] as const;
export type GpuOfferKind = (typeof gpuOfferKinds)[number];

/** A part that a card has, too, is what is sold where it ends a title as short as this. */
const SHORT_TITLE = 9;

/**
 * What a title that names a model sells. The order decides: somebody who looks for a broken laptop sells nothing, and a
 * water block "for RTX 3080" is no card however often the card is named.
 */
export function classifyOffer(
  tokens: readonly Token[],
  words: readonly OfferWord[],
  mentions: readonly Mention[],
): GpuOfferKind {
  const firstModel = mentions[0]?.start ?? tokens.length;
  const of = (kind: WordKind) => words.filter((word) => word.kind === kind);
  const has = (kind: WordKind) => of(kind).length > 0;
  const stands = (kind: WordKind, at: number) =>
    words.some((word) => word.kind === kind && word.start <= at && at < word.end);
  const isDenied = ({ start }: OfferWord) => stands("not", start - 1) || stands("not", start - 2);
  /** "Graphics card for a gaming PC", "fits laptops": what it is for, not what it is. */
  const isPurpose = ({ start }: OfferWord) =>
    start > firstModel && (stands("for", start - 1) || stands("for", start - 2));

  if (of("wanted").some((word) => !isDenied(word) && !isAfterOffer(word))) return "wanted";
  if (of("accessory").some(isSold) || of("part").some(isSoldAlone)) return "accessory";
  if (mentions.some((mention) => mention.isMobile)) return "laptop";
  if (of("laptop").some((word) => !isPurpose(word) && !isDenied(word))) return "laptop";
  if (of("computer").some((word) => !isPurpose(word) && !isDenied(word))) return "computer";
  if (of("broken").some((word) => !isDenied(word))) return "broken";
  if (new Set(mentions.map(({ model }) => model.name)).size > 1 || isLot()) return "several";
  return mentions.length === 0 ? "unknown" : "card";

  /** "RTX 3080, suche Tausch": the card comes first, and is offered. */
  function isAfterOffer({ start }: OfferWord): boolean {
    return start > firstModel && !stands("not", start - 1) && start > 3;
  }

  /** Named before the model it is for, or at the title's end; "with" before it makes it part of a card. */
  function isSold(word: OfferWord): boolean {
    const isIncluded = stands("with", word.start - 1) || stands("with", word.start - 2);
    if (isIncluded) return false;
    return word.end - word.start > 1 || word.start < firstModel || !has("card");
  }

  /** A fan, a box or a backplate: every card has one. */
  function isSoldAlone(word: OfferWord): boolean {
    const before = word.start - 1;
    const isFor = words.some(({ kind, start }) => kind === "for" && start >= word.end && start < firstModel);
    if ((isFor || word.start === 0) && word.start < firstModel) return true;
    if (stands("only", before) || stands("only", word.end)) return true;
    const isLast = word.end === tokens.length && word.start > firstModel;
    const follows = tokens[before];
    const isSaidOfCard = stands("with", before) || follows?.isNumber === true || tokens[word.start]?.isGlued;
    return isLast && tokens.length <= SHORT_TITLE && !has("card") && isSaidOfCard !== true;
  }

  /** "2x RTX 3070", "lot of 3": the price is of all of them. */
  function isLot(): boolean {
    const [count, times] = tokens;
    if (isSeveral(count) && times?.text === "x") return firstModel > 1;
    return tokens.some(({ text }, index) => {
      if (text === "lot" && tokens[index + 1]?.text === "of") return isSeveral(tokens[index + 2]);
      const isCounted = ["pcs", "stuck", "szt", "шт", "pieces", "sztuk", "sztuki"].includes(text);
      return isCounted && isSeveral(tokens[index - 1]);
    });
  }
}

function isSeveral(token: Token | undefined): boolean {
  return token?.isNumber === true && token.text.length <= 2 && Number(token.text) > 1;
}
