/** ISO 4217 codes in use, then withdrawn ones that old texts still print. */
const isoCodes = new Set(
  (
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF " +
    "CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG " +
    "HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA " +
    "MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD " +
    "RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX " +
    "USD UYU UZS VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG " +
    "ATS BEF BYR CUC CYP DEM EEK ESP FIM FRF GRD HRK IEP ITL LTL LUF LVL MRO MTL NLG PTE ROL SIT SKK SLL STD TRL " +
    "VEF XEU YUM ZMK ZWL"
  ).split(" "),
);

/** Of ISO 4217, in use or withdrawn. */
export const isCurrencyCode = (text: string): boolean => isoCodes.has(text);

/** Codes that are also words or names of goods: "AMD 5600", "TOP 10", "TRY 1". */
const wordCodes = new Set("ALL AMD ANG BAM COP CUP GEL LAK MAD MOP PAB PEN SIT SOS TOP TRY".split(" "));

/** Codes that are no word in lower case either, so that "eur 5" and "5 Usd" can be read. */
const codesOfAnyCase = new Set(
  (
    "AED AUD BGN BYN CAD CHF CNY CZK DKK EUR GBP HUF IDR ILS INR JPY KRW KZT MKD MXN NOK NZD PLN RON RUB SEK SGD TWD " +
    "UAH USD UZS VND ZAR"
  ).split(" "),
);

/** Currencies of three decimals: "1.234 KWD" is one dinar and a bit. */
export const threeDecimalCurrencies: ReadonlySet<string> = new Set("BHD IQD JOD KWD LYD OMR TND".split(" "));

/** A currency as printed: a symbol, an abbreviation, a word or a code. */
export interface Sign {
  /** ISO codes it can stand for; none if ISO 4217 has no code for it. */
  currencies: readonly string[];
  /** Does the first of several stand where no hint picks another? */
  hasUsual: boolean;
  /** Might as well be a letter or a word: counts where a hint agrees, or where nothing but it and a number is printed. */
  isWeak: boolean;
}

/** How each currency is printed beside its code. Lower case stands for any case, a capital for itself. */
const signsOf: Record<string, string> = {
  AED: "د.إ|Dhs",
  AFN: "؋",
  AMD: "֏|դրամ",
  ARS: "ar$",
  AUD: "a$|au$|au $|aud$",
  AWG: "ƒ",
  AZN: "₼|manat",
  BBD: "bds$",
  BDT: "৳",
  BGN: "лв|лева|лев",
  BHD: "د.ب|.د.ب|BD",
  BIF: "Fbu|FBu",
  BND: "b$",
  BOB: "$b",
  BRL: "r$",
  BZD: "bz$",
  CAD: "ca$|can$|can $|cad$|cdn$",
  CHF: "sfr|franken",
  CLP: "cl$|clp$",
  CNY: "rmb|cn¥|yuan|人民币|人民幣|圆",
  COP: "col$|cop$",
  CRC: "₡",
  CZK: "kč|korun|koruna|koruny",
  DZD: "دج|د.ج",
  EGP: "ج.م|e£|£e",
  ERN: "ናቕፋ|نافكا",
  ESP: "₧|ptas|pesetas",
  ETB: "ብር",
  EUR: "€|euro|euros|ευρώ|ευρω|евро|євро",
  FJD: "fj$",
  FRF: "₶|₣",
  GBP: "gb£|uk£|£stg|stg|sterling",
  GEL: "₾|ლარი|ლ|lari",
  GHS: "gh₵|gh¢|₵",
  GNF: "GFr",
  GRD: "₯",
  GYD: "gy$|g$",
  HKD: "hk$|hk $|hkd$|港幣|港元",
  HRK: "kn",
  HUF: "Ft|FT|forint",
  IDR: "Rp|RP",
  ILS: "₪|ש״ח|ש\"ח|ש'ח|שח|ש.ח|ش.ج|nis",
  INR: "₹|रुपये",
  IQD: "د.ع|ع.د",
  IRR: "ریال",
  JMD: "j$|ja$",
  JOD: "د.أ|د.ا|JD|دينار أردني",
  JPY: "円|yen|jp¥|日圓",
  KES: "KSh|KShs|Ksh",
  KHR: "៛",
  KRW: "₩|원",
  KWD: "د.ك|ك.د|KD|دينار كويتي",
  KZT: "₸|тг|тңг|тенге|tenge",
  LAK: "₭",
  LBP: "ل.ل|l£",
  LKR: "රු",
  LYD: "د.ل|ل.د",
  MAD: "د.م|DH",
  MKD: "ден|денари",
  MMK: "kyat",
  MNT: "₮",
  MXN: "mx$|mx $|mxn$|mex$",
  MYR: "RM|ringgit",
  NAD: "n$",
  NGN: "₦",
  NZD: "nz$|nz $|nzd$",
  OMR: "ر.ع",
  PEN: "s/",
  PHP: "₱",
  PLN: "zł|zl|złotych|złoty|złote",
  PTE: "Esc",
  PYG: "₲|Gs",
  QAR: "ر.ق",
  RSD: "дин|din",
  RUB: "₽",
  RWF: "FRw|R₣",
  SAR: "ر.س",
  SDG: "ج.س",
  SGD: "s$|sg$|sgd$",
  SYP: "ل.س",
  THB: "฿|บาท|baht",
  TND: "د.ت|DT",
  TRY: "₺|TL",
  TTD: "tt$",
  TWD: "nt$|nt $|台幣",
  UAH: "₴|грн|гривень|гривен|гривна|гривня|hrn",
  USD: "us$|us $|usd$|u$s|u$d|$us|у.е|у. е|y.e",
  UYU: "$u|uy$",
  UZS: "сум|сўм|so'm|s'",
  VND: "₫|đồng|VNĐ",
  XAF: "fcfa",
  XEU: "₠",
  YER: "ر.ي",
};

/** Signs of several currencies, where one is meant unless a hint names another of them. */
const usuallyTheFirst: Record<string, string> = {
  "£": "GBP EGP FKP GIP LBP SDG SHP SSP SYP",
  c$: "CAD NIO",
  "c $": "CAD NIO",
  元: "CNY HKD TWD",
  圓: "TWD HKD JPY",
  руб: "RUB BYN",
  рублей: "RUB BYN",
  рубля: "RUB BYN",
  рубль: "RUB BYN",
  р: "RUB BYN",
  جنيه: "EGP SDG SYP",
  lei: "RON MDL",
  leu: "RON MDL",
  леев: "MDL RON",
  лей: "MDL RON",
};

const dollars =
  "USD AUD BBD BMD BND BSD BZD CAD FJD GYD HKD JMD KYD LRD NAD NZD SBD SGD SRD TTD TWD XCD ARS CLP COP CUP DOP MXN UYU";

/** Signs that mean nothing without a hint. Toman, ten rials each, have no code of their own. */
const ambiguous: Record<string, string> = {
  $: dollars,
  dollar: dollars,
  dollars: dollars,
  "¥": "JPY CNY",
  kr: "SEK NOK DKK ISK",
  kronor: "SEK",
  kroner: "NOK DKK",
  "₤": "GBP ITL TRY",
  rs: "INR LKR MUR NPR PKR SCR",
  "₨": "INR LKR MUR NPR PKR SCR",
  रु: "INR NPR",
  ரூ: "INR LKR",
  fr: "CHF FRF XAF XOF XPF",
  bs: "BOB VES",
  "﷼": "IRR OMR QAR SAR YER",
  ريال: "IRR OMR QAR SAR YER",
  درهم: "AED MAD",
  دينار: "BHD DZD IQD JOD KWD LYD TND",
  dh: "AED MAD",
  pound: "GBP EGP",
  pounds: "GBP EGP",
  peso: "ARS CLP COP CUP DOP MXN PHP UYU",
  pesos: "ARS CLP COP CUP DOP MXN PHP UYU",
  som: "KGS UZS",
  сом: "KGS UZS",
  تومان: "",
  "¢": "",
};

/** Letters and words that are signs of money in one place and anything at all elsewhere. */
const weak: Record<string, string> = {
  AR: "MGA",
  D: "GMD",
  E: "SZL",
  F: "CHF FRF XAF XOF XPF",
  franc: "CHF FRF XAF XOF XPF",
  francs: "CHF FRF XAF XOF XPF",
  G: "HTG PYG",
  K: "MMK PGK ZMW",
  KM: "BAM",
  км: "BAM",
  L: "HNL ALL MDL",
  MT: "MZN",
  P: "BWP PHP RUB",
  Q: "GTQ",
  R: "ZAR",
  с: "KGS TJS",
  VT: "VUV",
};

export interface PrintedSign {
  text: string;
  /** Is only this very spelling the sign? "Ft" is money, "ft" is feet. */
  isExact: boolean;
  sign: Sign;
}

const signsByFirst = new Map<number, PrintedSign[]>();

function addSigns(table: Record<string, string>, hasUsual: boolean, isWeak: boolean): void {
  for (const [text, currencies] of Object.entries(table)) {
    addSign(text, { currencies: currencies === "" ? [] : currencies.split(" "), hasUsual, isWeak });
  }
}

function addSign(text: string, sign: Sign): void {
  const isExact = text !== text.toLowerCase();
  const first = text.toLowerCase().charCodeAt(0);
  const known = signsByFirst.get(first) ?? [];
  known.push({ text, isExact, sign });
  signsByFirst.set(first, known);
}

for (const [currency, texts] of Object.entries(signsOf)) {
  const sign = { currencies: [currency], hasUsual: true, isWeak: false };
  for (const text of texts.split("|")) addSign(text, sign);
}
addSigns(usuallyTheFirst, true, false);
addSigns(ambiguous, false, false);
addSigns(weak, false, true);
// The longest spelling of those that begin alike is the one printed.
for (const signs of signsByFirst.values()) signs.sort((a, b) => b.text.length - a.text.length);

const noSigns: readonly PrintedSign[] = [];

/** The signs that begin with this character of a folded text in lower case, the longest first. */
export function signsBeginningWith(lowerCode: number): readonly PrintedSign[] {
  return signsByFirst.get(lowerCode) ?? noSigns;
}

const signsOfCodes = new Map<string, Sign>();
for (const code of isoCodes) {
  signsOfCodes.set(code, { currencies: [code], hasUsual: true, isWeak: wordCodes.has(code) });
}
for (const code of codesOfAnyCase) {
  const sign = signsOfCodes.get(code);
  if (sign === undefined) continue;
  signsOfCodes.set(code.toLowerCase(), sign);
  signsOfCodes.set(`${code.charAt(0)}${code.slice(1).toLowerCase()}`, sign);
}
// The rouble's code before 1998, which shops print to this day.
signsOfCodes.set("RUR", { currencies: ["RUB"], hasUsual: true, isWeak: false });

/** The sign that a word of three letters is if it is an ISO 4217 code. */
export function signOfCode(word: string): Sign | null {
  return signsOfCodes.get(word) ?? null;
}
