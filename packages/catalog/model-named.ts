import { type GpuModel, gpuModels } from "./gpu-models.ts";
import { splitTitle } from "./split-title.ts";

const brands = new Set(["nvidia", "amd", "intel", "geforce", "radeon"]);

/** A name without what some lists leave out: spaces, case, the maker's words. */
function plain(name: string): string {
  return splitTitle(name)
    .map((token) => token.text)
    .filter((word) => !brands.has(word))
    .join(" ");
}

const byPlainName = new Map<string, GpuModel>();
for (const model of gpuModels.values()) byPlainName.set(plain(model.name), model);

/**
 * The model that a list calls so, and nothing but so: "Radeon RX 5700xt", "RTX A2000 12GB"; null for any other name, such
 * as those of laptops' or shared cards, which a title would be read as with more goodwill.
 */
export function modelNamed(name: string): { model: GpuModel; memoryGb: number | null } | null {
  const words = plain(name).split(" ");
  const known = byPlainName.get(words.join(" "));
  if (known !== undefined) return { model: known, memoryGb: null };
  const size = Number(words.at(-2));
  const model = words.at(-1) === "gb" ? byPlainName.get(words.slice(0, -2).join(" ")) : undefined;
  return model?.memorySizesGb.includes(size) === true ? { model, memoryGb: size } : null;
}
