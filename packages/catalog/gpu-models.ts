export type GpuBrand = "NVIDIA" | "AMD" | "Intel";

export interface GpuModel {
  /** As its maker writes it, without the memory: "GeForce RTX 4070 Ti SUPER". */
  name: string;
  brand: GpuBrand;
  /** Sizes it was sold with, in GB; none: not known. */
  memorySizesGb: readonly number[];
}

/** What stands before a number and makes it a model's: "rtx", "radeon pro w". */
export type FamilyId = keyof typeof families;

/** A number, its suffix if it has one, and after the colon the sizes of memory in GB. */
const families = {
  rtx: nvidia(
    "GeForce RTX",
    `2050:4 / 2060:6,12 / 2060 SUPER:8 / 2070:8 / 2070 SUPER:8 / 2080:8 / 2080 SUPER:8 / 2080 Ti:11 / 3050:6,8 /
     3050 Ti:4 / 3060:8,12 / 3060 Ti:8 / 3070:8 / 3070 Ti:8 / 3080:10,12 / 3080 Ti:12 / 3090:24 / 3090 Ti:24 / 4050:6 /
     4060:8 / 4060 Ti:8,16 / 4070:12 / 4070 SUPER:12 / 4070 Ti:12 / 4070 Ti SUPER:16 / 4080:16 / 4080 SUPER:16 / 4090:24 /
     4090 D:24,48 / 5050:8 / 5060:8 / 5060 Ti:8,16 / 5070:12 / 5070 Ti:16 / 5080:16 / 5090:32 / 5090 D:32`,
  ),
  gtx: nvidia(
    "GeForce GTX",
    `260 / 275 / 280 / 285 / 295 / 460:1 / 465:1 / 470 / 480 / 550 Ti:1 / 560:1,2 / 560 Ti:1,2 / 570 / 580 / 590:3 / 645:1 /
     650:1,2 / 650 Ti:1,2 / 660:2,3 / 660 Ti:2,3 / 670:2,4 / 680:2,4 / 690:4 / 745:4 / 750:1,2,4 / 750 Ti:2,4 / 760:2,4 /
     760 Ti:2 / 770:2,4 / 780:3,6 / 780 Ti:3 / 950:2,4 / 960:2,4 / 970:4 / 980:4 / 980 Ti:6 / 1050:2,3 / 1050 Ti:4 /
     1060:3,5,6 / 1070:8 / 1070 Ti:8 / 1080:8 / 1080 Ti:11 / 1630:4 / 1650:4 / 1650 Ti:4 / 1650 SUPER:4 / 1660:6 /
     1660 SUPER:6 / 1660 Ti:6`,
  ),
  gt: nvidia(
    "GeForce GT",
    `210 / 220 / 240 / 430 / 440 / 520 / 530 / 545 / 610 / 620 / 630 / 635 / 640 / 645 / 705 / 710:1,2 / 720:1,2 / 730:1,2,4 /
     740:1,2,4 / 1010:2 / 1030:2,4`,
  ),
  gts: nvidia("GeForce GTS", "240 / 250 / 450"),
  geforce: nvidia("GeForce", "210 / 310 / 8400 / 8800 / 9400 / 9500 / 9600 / 9800"),
  titan: nvidia("TITAN", "RTX:24 / V:12 / Xp:12 / X:12 / Black:6 / Z:12"),
  rtxA: nvidia("RTX A", "400:4 / 1000:8 / 2000:6,12 / 4000:16 / 4500:20 / 5000:24 / 5500:24 / 6000:48", ""),
  rtxAda: nvidia(
    "RTX",
    "2000 Ada Generation:16 / 4000 Ada Generation:20 / 4500 Ada Generation:24 / 5000 Ada Generation:32 / 6000 Ada Generation:48",
  ),
  rtxPro: nvidia(
    "RTX PRO",
    "2000 Blackwell:16 / 4000 Blackwell:24 / 4500 Blackwell:32 / 5000 Blackwell:48,72 / 6000 Blackwell:96",
  ),
  quadroRtx: nvidia("Quadro RTX", "3000:6 / 4000:8 / 5000:16 / 6000:24 / 8000:48"),
  quadroP: nvidia(
    "Quadro P",
    "400:2 / 600:2 / 620:2 / 1000:4 / 2000:5 / 2200:5 / 3000:6 / 4000:8 / 5000:16 / 6000:24",
    "",
  ),
  quadroM: nvidia("Quadro M", "2000:4 / 4000:8 / 5000:8 / 6000:12,24", ""),
  quadroK: nvidia(
    "Quadro K",
    "420:1,2 / 600:1 / 620:2 / 1200:4 / 2000:2 / 2200:4 / 4000:3 / 4200:4 / 5000:4 / 5200:8 / 6000:12",
    "",
  ),
  quadroT: nvidia("T", "400:2,4 / 600:4 / 1000:4,8", ""),
  quadro: nvidia("Quadro", "400 / 410 / 600:1 / 2000:1 / 4000:2 / 5000 / 6000:6"),
  quadroGp: nvidia("Quadro GP", "100:16", ""),
  quadroGv: nvidia("Quadro GV", "100:32", ""),
  teslaK: nvidia("Tesla K", "10:8 / 40:12 / 80:24", ""),
  teslaM: nvidia("Tesla M", "10:32 / 40:12,24 / 60:16", ""),
  teslaP: nvidia("Tesla P", "4:8 / 40:24 / 100:12,16", ""),
  teslaV: nvidia("Tesla V", "100:16,32", ""),
  teslaT: nvidia("Tesla T", "4:16 / 10:16", ""),
  dataCentreA: nvidia("A", "2:16 / 10:24 / 16:64 / 30:24 / 40:48 / 100:40,80", ""),
  dataCentreL: nvidia("L", "4:24 / 40:48", ""),
  rx: amd(
    "Radeon RX",
    `460:2,4 / 470:4,8 / 480:4,8 / 540 / 550:2,4 / 550X:4 / 560:2,4 / 560X:4 / 570:4,8 / 580:4,8 / 580 2048SP:4,8 / 590:8 / 590 GME:8 /
     5300:3 / 5500:4 / 5500 XT:4,8 / 5600:6 / 5600 XT:6 / 5700:8 / 5700 XT:8 / 640 / 6300:2 / 6400:4 / 6500 XT:4,8 / 6600:8 / 6600 XT:8 / 6650 XT:8 /
     6700:10 / 6700 XT:12 / 6750 XT:12 / 6750 GRE:10,12 / 6800:16 / 6800 XT:16 / 6900 XT:16 / 6950 XT:16 / 7400:4 / 7600:8 /
     7600 XT:16 / 7650 GRE:8 / 7700:16 / 7700 XT:12 / 7800 XT:16 / 7900 GRE:16 / 7900 XT:20 / 7900 XTX:24 / 9060:8 / 9060 XT:8,16 / 9070:16 /
     9070 XT:16 / 9070 GRE:12,16`,
  ),
  vega: amd("Radeon RX Vega", "56:8 / 64:8"),
  vegaFrontier: amd("Radeon Vega", "Frontier Edition:16"),
  radeonVii: amd("Radeon", "VII:16"),
  r9: amd(
    "Radeon R9",
    `270:2,4 / 270X:2,4 / 280:3 / 280X:3 / 285:2,4 / 290:4 / 290X:4,8 / 295X2:8 / 370:2,4 / 370X:2,4 / 380:2,4 / 380X:4 / 390:8 / 390X:8`,
  ),
  r9Fury: amd("Radeon R9", "Fury:4 / Fury X:4 / Nano:4"),
  r7: amd(
    "Radeon R7",
    "240:1,2,4 / 250:1,2 / 250X:1,2 / 260:1,2 / 260X:1,2 / 265:2 / 350:2 / 360:2 / 370:2,4",
  ),
  r5: amd("Radeon R5", "220:1 / 230:1,2 / 235:1 / 240:1 / 340:2"),
  hd: amd(
    "Radeon HD",
    `4350 / 4550 / 4650 / 4670 / 4850 / 4870 / 4890 / 5450 / 5550 / 5570 / 5670 / 5750 / 5770 / 5830 / 5850 / 5870 / 5970 / 6350 /
     6450 / 6570 / 6670 / 6750 / 6770 / 6790 / 6850 / 6870 / 6930 / 6950 / 6970 / 6990 / 7450 / 7470 / 7570 / 7730 / 7750 / 7770 / 7790 /
     7850 / 7870 / 7950 / 7970 / 7990 / 8350 / 8450 / 8490 / 8570 / 8670`,
  ),
  radeonProW: amd(
    "Radeon Pro W",
    "5500:8 / 5700:8 / 6300:2 / 6400:4 / 6600:8 / 6800:32 / 7500:8 / 7600:8 / 7700:16 / 7800:32 / 7900:48",
    "",
  ),
  radeonProWx: amd("Radeon Pro WX", "2100:2 / 3100:4 / 3200:4 / 4100:4 / 5100:8 / 7100:8 / 8200:8 / 9100:16"),
  radeonPro: amd("Radeon Pro", "VII:16"),
  arcA: intel("Arc A", "310:4 / 380:6 / 580:8 / 750:8 / 770:8,16", ""),
  arcB: intel("Arc B", "570:10 / 580:12", ""),
  arcProA: intel("Arc Pro A", "40:6 / 50:6 / 60:12", ""),
  arcProB: intel("Arc Pro B", "50:16 / 60:24", ""),
} satisfies Record<string, Map<string, GpuModel>>;

function nvidia(name: string, models: string, between = " "): Map<string, GpuModel> {
  return family("NVIDIA", name, models, between);
}
function amd(name: string, models: string, between = " "): Map<string, GpuModel> {
  return family("AMD", name, models, between);
}
function intel(name: string, models: string, between = " "): Map<string, GpuModel> {
  return family("Intel", name, models, between);
}

function family(brand: GpuBrand, name: string, models: string, between: string): Map<string, GpuModel> {
  return new Map(
    models.split("/").map((entry) => {
      const [label = "", sizes = ""] = entry.trim().split(":");
      const memorySizesGb = sizes === "" ? [] : sizes.split(",").map(Number);
      return [label.toLowerCase(), { name: `${name}${between}${label}`, brand, memorySizesGb }];
    }),
  );
}

/** @param label the number with its suffix, lower case: "4070 ti super". */
export function modelOf(familyId: FamilyId, label: string): GpuModel | undefined {
  return families[familyId].get(label);
}

const suffixesOfNumber = new Map<string, string[]>();
for (const [familyId, models] of Object.entries(families)) {
  for (const label of models.keys()) {
    const number = /^\d+/.exec(label)?.[0];
    if (number === undefined) continue;
    const key = `${familyId} ${number}`;
    suffixesOfNumber.set(key, [...(suffixesOfNumber.get(key) ?? []), label]);
  }
}

/** The labels that begin with a number: of rtx 4070, "4070", "4070 super", and so on; none if it is no model's. */
export function labelsOf(familyId: FamilyId, number: string): readonly string[] {
  return suffixesOfNumber.get(`${familyId} ${number}`) ?? [];
}

/** All that is known, by name. */
export const gpuModels: ReadonlyMap<string, GpuModel> = new Map(
  Object.values(families).flatMap((models) => [...models.values()].map((model) => [model.name, model])),
);
