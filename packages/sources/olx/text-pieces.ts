import type { Selection } from "../reading/index.ts";

/**
 * The text of a selection with a space between neighbouring elements ("51,13 €" and "100 лв." stand in two of them), and
 * without the styles that OLX puts between its elements.
 */
export function piecedTextOf(selection: Selection): string {
  const pieces: string[] = [];
  const nodes = selection.toArray().toReversed();
  for (let node = nodes.pop(); node !== undefined; node = nodes.pop()) {
    const type: string = node.type;
    if (type === "text" && "data" in node) pieces.push(node.data);
    else if (type === "tag" && "children" in node) nodes.push(...node.children.toReversed());
  }
  return pieces
    .join(" ")
    .replace(/[\u200b-\u200f\u2060-\u2064\ufeff]/g, "")
    .replace(/\s+/g, " ")
    .trim();
}
