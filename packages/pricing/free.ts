import { scanTokens } from "./scan-tokens.ts";

const freeWords = new Set(
  (
    "free gratis kostenlos umsonst verschenken gratuit gratuito gratuita grátis ilmainen zdarma zadarmo darmowe bezpłatnie " +
    "bezpłatne darmo бесплатно безкоштовно безплатно даром подарявам bezplatno besplatno ingyenes ücretsiz bedava tekuta " +
    "miễn δωρεάν مجانا مجاني رایگان חינם"
  ).split(" "),
);
/** The same in scripts without spaces between words, which are not read as words. */
const freeTexts = new Set("無料 免费 免費 무료 ฟรี".split(" "));
/** Words that may stand beside "free" without making it something else than the price ("free shipping" does). */
const labels = new Set(
  "for za price preis prix precio preço prezzo cena cenu цена ціна zu to phí oddam віддам отдам".split(" "),
);

/** Does the text say that the thing costs nothing, and only that? */
export function isFree(text: string): boolean {
  if (freeTexts.has(text.trim())) return true;
  const words = scanTokens(text, null).filter(({ kind }) => kind !== "mark");
  let isSaid = false;
  for (const token of words) {
    if (token.kind !== "word") return false;
    if (freeWords.has(token.text)) isSaid = true;
    else if (!labels.has(token.text)) return false;
  }
  return isSaid;
}
