import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { gpuTitles, judgeGpuTitle } from "../../test/captures/gpu-titles.ts";
import { hasCaptures } from "../../test/captures/index.ts";
import { gpuModels, matchGpu } from "./index.ts";

/** "offer | model | memory": what a title means. Written by hand, in the manner of sellers of many countries. */
const meanings: [string, string][] = [
  ["Gainward GeForce RTX 4070 Ti Super Phantom 16GB", "card | GeForce RTX 4070 Ti SUPER | 16"],
  ["MSI RTX 4070 Ventus 2X 12G OC", "card | GeForce RTX 4070 | 12"],
  ["RTX 4070TiS Gigabyte", "card | GeForce RTX 4070 Ti SUPER | 16"],
  ["RTX 4070S Founders Edition", "card | GeForce RTX 4070 SUPER | 12"],
  ["4070 Ti Palit GameRock", "card | GeForce RTX 4070 Ti | 12"],
  ["karta graficzna 3060ti 8GB", "card | GeForce RTX 3060 Ti | 8"],
  ["Видеокарта 1060 6gb MSI", "card | GeForce GTX 1060 | 6"],
  ["GTX 1060 3GB OC", "card | GeForce GTX 1060 | 3"],
  ["RTX 3060 8 GB Palit Dual", "card | GeForce RTX 3060 | 8"],
  ["RTX 3060 Ventus, 12288 MB", "card | GeForce RTX 3060 | 12"],
  ["RTX 3060 Palit", "card | GeForce RTX 3060 | null"],
  ["HP GTX 1080 8GB OEM", "card | GeForce GTX 1080 | 8"],
  ["Palit GTX 1080 Super JetStream", "card | GeForce GTX 1080 | 8"],
  ["Zotac GTX 1650 Super Compact", "card | GeForce GTX 1650 | 4"],
  ["RTX 5090 D 32GB", "card | GeForce RTX 5090 D | 32"],
  ["NVIDIA RTX A4000 16GB", "card | RTX A4000 | 16"],
  ["PNY Quadro P2000 5GB", "card | Quadro P2000 | 5"],
  ["Quadro RTX 4000 8GB", "card | Quadro RTX 4000 | 8"],
  ["RTX 4000 Ada Generation 20GB", "card | RTX 4000 Ada Generation | 20"],
  ["RTX PRO 6000 Blackwell 96GB", "card | RTX PRO 6000 Blackwell | 96"],
  ["Intel Arc A770 16GB Limited Edition", "card | Arc A770 | 16"],
  ["ASRock Arc B580 Challenger", "card | Arc B580 | 12"],
  ["Sapphire RX6800XT Nitro+", "card | Radeon RX 6800 XT | 16"],
  ["XFX RX 7900 XTX Merc", "card | Radeon RX 7900 XTX | 24"],
  ["PowerColor RX 6900 Red Devil", "card | Radeon RX 6900 XT | 16"],
  ["Radeon R9 290X 4GB", "card | Radeon R9 290X | 4"],
  ["Radeon Pro W6800 32GB", "card | Radeon Pro W6800 | 32"],
  ["AMD RX 580 2048SP 8GB", "card | Radeon RX 580 2048SP | 8"],
  ["Vega 64 8GB", "card | Radeon RX Vega 64 | 8"],
  ["TITAN Xp", "card | TITAN Xp | 12"],
  ["RTX 3080 kein Defekt, voll funktionsfähig", "card | GeForce RTX 3080 | null"],
  ["EVGA RTX 3090 FTW3 no artifacts", "card | GeForce RTX 3090 | 24"],
  ["ASUS RTX 3090 with EK waterblock", "card | GeForce RTX 3090 | 24"],
  ["Grafikkarte RTX 4070 Super inkl. OVP und Kabel", "card | GeForce RTX 4070 SUPER | 12"],
  ["RTX 3060 12GB (better than GTX 1080 Ti)", "card | GeForce RTX 3060 | 12"],
  ["RTX 3070 8GB for gaming PC", "card | GeForce RTX 3070 | 8"],
  ["Laptop Lenovo Legion 5 RTX 3060 16GB 512GB SSD", "laptop | GeForce RTX 3060 Laptop GPU | null"],
  ["MSI GTX 970M", "laptop | GeForce GTX 970 Laptop GPU | null"],
  ["ноутбук Asus RTX 4050", "laptop | GeForce RTX 4050 Laptop GPU | null"],
  ["Gaming PC Ryzen 5 5600X RTX 3060 Ti", "computer | GeForce RTX 3060 Ti | 8"],
  ["Motherboard B550 + Ryzen 5 3600 + RTX 2070", "computer | GeForce RTX 2070 | 8"],
  ["RTX 3070 defekt für Bastler", "broken | GeForce RTX 3070 | 8"],
  ["RTX 3070 karta na części", "broken | GeForce RTX 3070 | 8"],
  ["видеокарта rx590 на запчасти", "broken | Radeon RX 590 | 8"],
  ["Suche RTX 3080 Ti", "wanted | GeForce RTX 3080 Ti | 12"],
  ["kaufe RTX 3070", "wanted | GeForce RTX 3070 | 8"],
  ["szukam karty RTX 4080", "wanted | GeForce RTX 4080 | 16"],
  ["Куплю видеокарту RTX 3070", "wanted | GeForce RTX 3070 | 8"],
  ["EKWB waterblock for RTX 3070", "accessory | GeForce RTX 3070 | 8"],
  ["RTX 3070 FE backplate", "accessory | GeForce RTX 3070 | 8"],
  ["Cooling fan 85mm for Gigabyte RTX 2070", "accessory | GeForce RTX 2070 | 8"],
  ["Pudełko po RTX 3070", "accessory | GeForce RTX 3070 | 8"],
  ["RTX 4090 box only", "accessory | GeForce RTX 4090 | 24"],
  ["kabel 12VHPWR do RTX 4090", "accessory | GeForce RTX 4090 | 24"],
  ["RTX 3060 / 3060 Ti / 3070", "several | null | null"],
  ["2x RTX 3070", "several | GeForce RTX 3070 | 8"],
  ["RTX 4060 Super", "unknown | null | null"],
  ["ThinkPad X1 Carbon", "unknown | null | null"],
];

describe("a title", () => {
  it.each(meanings)("%s: %s", (title, meaning) => {
    const { offer, model, memoryGb } = matchGpu(title);
    expect(`${offer} | ${model} | ${memoryGb}`).toBe(meaning);
  });

  it("means the same in any case, and with or without spaces between letters and digits", () => {
    for (const [title, meaning] of meanings) {
      for (const variant of [title.toUpperCase(), title.replace(/(rtx|gtx|rx) (\d)/gi, "$1$2")]) {
        const { offer, model, memoryGb } = matchGpu(variant);
        expect(`${offer} | ${model} | ${memoryGb}`, variant).toBe(meaning);
      }
    }
  });

  it("of any text at all gives a known model or none, and reading takes no longer the more it repeats", () => {
    const words = [
      "rtx",
      "4070",
      "ti",
      "super",
      "suche",
      " ",
      "-",
      "x",
      "for",
      "quadro",
      "16gb",
      "видеокарта",
      "é",
      "�",
    ];
    const titleLike = fc.array(fc.constantFrom(...words), { maxLength: 40 }).map((list) => list.join(""));
    fc.assert(
      fc.property(fc.oneof(titleLike, fc.string({ unit: "binary" })), (title) => {
        const { model } = matchGpu(title);
        expect(model === null || gpuModels.has(model.replace(/ Laptop GPU$/, ""))).toBe(true);
        // Beyond the longest title nothing is read: a megabyte costs what 400 characters do.
        const long = title.repeat(1 + Math.floor(1_000_000 / (title.length + 1)));
        expect(matchGpu(long)).toEqual(matchGpu(long.slice(0, 400)));
      }),
      { seed: 20_261_123, numRuns: 300 },
    );
  });
});

describe.skipIf(!hasCaptures)("the titles of shops", () => {
  const judged = hasCaptures ? gpuTitles().map(judgeGpuTitle) : [];

  it.each(["developed on", "held out"] as const)("%s are matched to the right model in 98 of 100", (half) => {
    const rows = judged.filter((row) => row.half === half);
    const matched = rows.filter((row) => row.isMatched);
    const right = rows.filter((row) => row.isRight);
    expect(right.length / matched.length).toBeGreaterThanOrEqual(0.98);
    expect(right.length / rows.length).toBeGreaterThanOrEqual(0.96);
  });
});
