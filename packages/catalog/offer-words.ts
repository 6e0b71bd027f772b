import { splitTitle, type Token } from "./split-title.ts";

/**
 * The words by which titles say that no whole, working graphics card alone is for sale, in the languages of eBay's and
 * OLX's sites. A star stands for any ending. Compared without accents.
 */
export type WordKind =
  | "wanted"
  | "broken"
  | "laptop"
  | "computer"
  | "accessory"
  | "part"
  | "for"
  | "not"
  | "with"
  | "only"
  | "card";

const words: Record<WordKind, string> = {
  wanted: `wanted, wtb, looking for, want to buy, searching for, in search of, we buy, kaufe, ich suche, suche, gesucht, ankauf, szukam, kupie,
    poszukuje, skup, куплю, скупка, скупаю, ищу, шукаю, купимо, купим, купувам, търся, compro, compramos, busco, cerco, cherche, recherche,
    achete, gezocht, zoek, gevraagd, cumpar, caut, procuro, сатып аламын, sotib olaman, koupim, hledam`,
  broken: `broken, defect, defective, faulty, for parts, parts only, spares or repair, spares or repairs, spares repair, for repair,
    not working, does not work, doesn t work, no display, no video, no signal, no picture, no post, dead, artifacts, artifacting, artefacts, bricked,
    as is, burnt, burned, water damage, read description not working, defekt, defekte, defekter, defektes, kaputt, bastler, fur bastler,
    ersatzteil, ersatzteile, ersatzteilspender, ohne funktion, funktioniert nicht, bildfehler, artefakte, uszkodzon*, na czesci, niesprawn*,
    nie dziala, zepsut*, do naprawy, artefakt*, spalon*, нерабоч*, не рабоч*, неисправ*, не работает, на запчасти, под восстановление, на ремонт, сломан*, артефакт*,
    дефект*, не работи, за части, счупен*, несправн*, неробоч*, не робоч*, не працює, на запчастини, на деталі, під ремонт, под ремонт, отвал, hs, en panne,
    pour pieces, defectueux, defectueuse, ne fonctionne pas, averiad*, estropead*, para piezas, no funciona, no da imagen, rota, guasta, guasto, difettos*,
    per pezzi, per ricambi, non funziona, non funzionante, avariad*, para pecas, nao funciona, defecta, pentru piese, nu functioneaza, kapot,
    voor onderdelen, werkt niet, ishlamaydi`,
  laptop: `laptop, laptops, notebook, notebooks, gaming notebook, ultrabook, macbook, thinkpad, ideapad, zenbook, vivobook, expertbook, zephyrus,
    max q, legion 5, legion 7, legion pro, legion slim, loq 15, nitro 5, nitro v 15, nitro v 16, predator helios, predator triton, helios 300, helios neo, tuf dash,
    tuf a 15, tuf f 15, tuf a 16, tuf a 17, tuf f 17, strix g 15, strix g 16, strix g 17, strix g 18, strix scar, razer blade, alienware m 15, alienware m 16,
    alienware m 17, alienware m 18, alienware x 15, alienware x 17, victus 15, victus 16, omen 15, omen 16, omen 17, katana 15, katana 17, gf 63, gf 65, gf 66,
    gl 65, gl 66, gp 66, gp 76, ge 66, ge 76, dell g 15, dell g 16, dell xps, precision 5, precision 7, zbook, surface book, surface laptop, ноутбук*, лаптоп*, mxm, ordinateur portable, pc portable, portatil,
    portatile, mobile`,
  computer: `gaming pc, gamer pc, pc gamer, gaming computer, gamer computer, gaming desktop, gaming rig, gaming tower, komplett pc, complete pc, full pc, custom pc, prebuilt,
    mini pc, office pc, desktop pc, pc komputer, komputer, komputery, pc tower, tower pc, all in one, mainboard bundle, motherboard bundle, pc system, pc setup, setup gaming, pc complet, pc gaming, ordenador,
    ordinateur, torre gaming, computador, calculator, sistem pc, unitate pc, ryzen 3, ryzen 5, ryzen 7, ryzen 9, threadripper, core i 3, core i 5, core i 7,
    core i 9, core ultra, intel i 3, intel i 5, intel i 7, intel i 9, i 3, i 5, i 7, i 9, xeon, ssd, nvme, hdd, системный блок, системник*, системний блок, игровой пк, ігровий пк, игровой компьютер,
    компьютер, компютер, комп ютер, геймърски компютър, компютър, пк, сборка, alienware aurora, hp omen, legion tower, trident 3, optiplex, computer pc, egpu, optimus pc, steam machine`,
  accessory: `waterblock, water block, waterblocks, wasserkuhler, wasserblock, gpu block, wasserkuhlung, full cover block, riser, riser cable, riser kabel, steigkabel, bracket, gpu holder,
    gpu support, support bracket, anti sag, halterung, stutze, wspornik, uchwyt, podporka, thermal pads, thermal pad, warmeleitpads, termopady, thermal paste, adapter, adaptery, kabel, kable, cable, cables, przewod, кабель, переходник,
    adapterkabel, mostek, sli bridge, nvlink bridge, sli hb, hb bridge, shroud, obudowa, lufter, ventilador, ventilateur, wentylator, wentylatory, вентилятор*, кулер, кулера, кулеры, chlodzenie, blok wodny, водоблок, radiator, радиатор, system chlodzenia, система охлаждения,
    heatpipe, keychain, brelok, schlusselanhanger, poster, sticker, aufkleber, naklejka, dummy, attrappe, lego, figurka, mouse pad, mousepad, io shield, slotblende, blende, dust cover, screws, schrauben, netzteil, psu, power supply,
    leerkarton, leerverpackung, originalverpackung ohne, karton po, pudelko po, opakowanie po, pudelko od, karton od, коробка от, коробка від, коробка для, коробка из под, empty box, box only, only box, boxes only, leere verpackung, nur karton, nur ovp, nur verpackung, nur die verpackung, samo pudelko, tylko pudelko, boite vide, caja vacia, scatola vuota, caixa vazia, cutie goala,
    mounting kit, contact frame, vbios, bios chip, backplate kit, memory chip, gddr 6 chip, gpu chip only, fan replacement, replacement fan, replacement fans, ersatzlufter, only backplate, backplate only, cooler only, only cooler, heatsink only, no gpu, no card, without gpu, without card, ohne karte, ohne gpu, bez karty, без карты, без видеокарты`,
  part: `backplate, fan, fans, cooler, cooling fan, heatsink, heat sink, kuhler, box, ovp, karton, pudelko, коробка, verpackung, packaging, manual`,
  for: "for, fur, do, для, pour, para, per, voor, pentru, за, fits, compatible, passend, kompatybilny, na",
  not: "no, not, non, nicht, kein, keine, keinen, ohne, without, nie, bez, без, не, sans, sin, senza, sem, fara, zero, never, geen",
  with: "with, w, mit, z, ze, с, з, inkl, inklusive, incl, including, includes, and, und, i, et, con, com, cu, met, avec, plus, en, sau, dual, twin, triple, tri, metal, single, rgb, argb, x, torx, windforce, axial, ball, blower, phoenix, turbo, silent, async, hdb, active, tech, original, originalnym, custom",
  only: "only, nur, tylko, samo, только, тільки, seulement, solo, apenas, doar, alleen, само",
  card: `graphics card, graphic card, graphic cards, graphics cards, graphics board, video card, videocard, video board, gpu, vga, grafikkarte, grafikkarten, graka, karta graficzna, karta grafiki, karte graficzna, karty graficzne, видеокарта, видеокарты, відеокарта, відеокарти,
    видео карта, carte graphique, tarjeta grafica, scheda video, scheda grafica, placa grafica, placa de video, placa video, videokaart, grafische kaart, geforce, radeon, nvidia, videokarta`,
};

interface Phrase {
  kind: WordKind;
  tokens: readonly string[];
  /** Of its last word, only the beginning is given. */
  isStem: boolean;
}

const STEM_LETTERS = 4;
const byFirstWord = new Map<string, Phrase[]>();
const byStem = new Map<string, Phrase[]>();

for (const [kind, list] of Object.entries(words) as [WordKind, string][]) {
  for (const text of list.split(",")) {
    const isStem = text.trim().endsWith("*");
    const tokens = splitTitle(text).map((token) => token.text);
    const [first = ""] = tokens;
    const isFirstStem = isStem && tokens.length === 1;
    const [map, key] = isFirstStem ? [byStem, first.slice(0, STEM_LETTERS)] : [byFirstWord, first];
    map.set(key, [...(map.get(key) ?? []), { kind, tokens, isStem }]);
  }
}

/** A word or phrase of a title that tells something about the offer. Tokens from `start` up to, not including, `end`. */
export interface OfferWord {
  kind: WordKind;
  start: number;
  end: number;
}

/** All that stand in a title, in its order; one place may have several. */
export function offerWordsIn(tokens: readonly Token[]): OfferWord[] {
  const found: OfferWord[] = [];
  for (const [start, { text }] of tokens.entries()) {
    const phrases = [byFirstWord.get(text), byStem.get(text.slice(0, STEM_LETTERS))];
    for (const phrase of phrases.flatMap((list) => list ?? [])) {
      if (standsAt(phrase, tokens, start))
        found.push({ kind: phrase.kind, start, end: start + phrase.tokens.length });
    }
  }
  return found;
}

function standsAt({ tokens: wanted, isStem }: Phrase, tokens: readonly Token[], start: number): boolean {
  const last = wanted.length - 1;
  return wanted.every((word, offset) => {
    const text = tokens[start + offset]?.text ?? "";
    return isStem && offset === last ? text.startsWith(word) : text === word;
  });
}
