/** The currency of each country (ISO 3166), by which "$" and "kr" are told apart. */
const regionsOf: Record<string, string> = {
  AED: "AE",
  ALL: "AL",
  AMD: "AM",
  ARS: "AR",
  AUD: "AU KI NR TV",
  AZN: "AZ",
  BAM: "BA",
  BBD: "BB",
  BDT: "BD",
  BHD: "BH",
  BMD: "BM",
  BND: "BN",
  BOB: "BO",
  BRL: "BR",
  BSD: "BS",
  BWP: "BW",
  BYN: "BY",
  BZD: "BZ",
  CAD: "CA",
  CHF: "CH LI",
  CLP: "CL",
  CNY: "CN",
  COP: "CO",
  CRC: "CR",
  CUP: "CU",
  CZK: "CZ",
  DKK: "DK FO GL",
  DOP: "DO",
  DZD: "DZ",
  EGP: "EG",
  EUR: "AT BE BG CY DE EE ES EU FI FR GR HR IE IT LT LU LV MC ME MT NL PT SI SK",
  FJD: "FJ",
  FKP: "FK",
  GBP: "GB UK",
  GEL: "GE",
  GHS: "GH",
  GIP: "GI",
  GMD: "GM",
  GTQ: "GT",
  GYD: "GY",
  HKD: "HK",
  HNL: "HN",
  HTG: "HT",
  HUF: "HU",
  IDR: "ID",
  ILS: "IL",
  INR: "IN",
  IQD: "IQ",
  IRR: "IR",
  ISK: "IS",
  JMD: "JM",
  JOD: "JO",
  JPY: "JP",
  KES: "KE",
  KGS: "KG",
  KRW: "KR",
  KWD: "KW",
  KYD: "KY",
  KZT: "KZ",
  LBP: "LB",
  LKR: "LK",
  LRD: "LR",
  LYD: "LY",
  MAD: "MA",
  MDL: "MD",
  MGA: "MG",
  MKD: "MK",
  MMK: "MM",
  MUR: "MU",
  MXN: "MX",
  MYR: "MY",
  MZN: "MZ",
  NAD: "NA",
  NGN: "NG",
  NIO: "NI",
  NOK: "NO",
  NPR: "NP",
  NZD: "NZ",
  OMR: "OM",
  PEN: "PE",
  PGK: "PG",
  PHP: "PH",
  PKR: "PK",
  PLN: "PL",
  PYG: "PY",
  QAR: "QA",
  RON: "RO",
  RSD: "RS",
  RUB: "RU",
  SAR: "SA",
  SBD: "SB",
  SCR: "SC",
  SDG: "SD",
  SEK: "SE",
  SGD: "SG",
  SRD: "SR",
  SSP: "SS",
  SYP: "SY",
  SZL: "SZ",
  THB: "TH",
  TJS: "TJ",
  TND: "TN",
  TRY: "TR",
  TTD: "TT",
  TWD: "TW",
  UAH: "UA",
  USD: "US EC PR",
  UYU: "UY",
  UZS: "UZ",
  VES: "VE",
  VND: "VN",
  VUV: "VU",
  XAF: "CM CG GA TD",
  XCD: "AG DM GD KN LC VC",
  XOF: "BF BJ CI ML NE SN TG",
  XPF: "NC PF",
  YER: "YE",
  ZAR: "ZA",
  ZMW: "ZM",
};

const currencyByRegion = new Map<string, string>();
for (const [currency, regions] of Object.entries(regionsOf)) {
  for (const region of regions.split(" ")) currencyByRegion.set(region, currency);
}

/** Languages that, without a country, leave one currency. */
const regionOfLanguage = new Map(
  Object.entries({
    cs: "CZ",
    da: "DK",
    he: "IL",
    hu: "HU",
    is: "IS",
    ja: "JP",
    kk: "KZ",
    ko: "KR",
    nb: "NO",
    nn: "NO",
    no: "NO",
    pl: "PL",
    sv: "SE",
    th: "TH",
    uk: "UA",
    vi: "VN",
  }),
);

/** Country domains sold to anybody, which say nothing about the country. */
const worldwideDomains = new Set(["ag", "ai", "cc", "co", "io", "la", "ly", "me", "sc", "tv", "vc", "ws"]);

/** The currency that a locale such as "en-AU" or "sv" points to, null if none. */
export function currencyOfLocale(locale: string): string | null {
  const { language, region } = splitLocale(locale);
  return currencyByRegion.get(region ?? regionOfLanguage.get(language) ?? "") ?? null;
}

/** The currency of the country that a host name such as "www.ebay.de" belongs to; ".com" counts as the United States. */
export function currencyOfDomain(domain: string): string | null {
  const labels = domain.trim().toLowerCase().split(".");
  const last = labels[labels.length - 1] ?? "";
  if (labels.length < 2) return null;
  if (last === "com") return "USD";
  const isCountrys = !worldwideDomains.has(last) || labels[labels.length - 2] === "com";
  return isCountrys ? (currencyByRegion.get(last.toUpperCase()) ?? null) : null;
}

/** Languages that write 1.234,56 or 1 234,56; all others write 1,234.56. */
const commaLanguages = new Set(
  (
    "af az be bg bs ca cs da de el es et eu fi fo fr gl hr hu hy id is it ka kk ky lb lt lv mk nb nl nn no pl pt ro " +
    "ru sk sl sq sr sv tg tk tr uk uz vi"
  ).split(" "),
);

/** Countries that write a point where their language elsewhere writes a comma. */
const pointCountries = new Set(
  "de-CH de-LI it-CH es-MX es-US es-PR es-GT es-HN es-NI es-SV es-DO es-PA es-PE".split(" "),
);

/** The decimal separator of a locale by CLDR, null for none or a text that is no locale. */
export function decimalSeparatorOfLocale(locale: string): "." | "," | null {
  const { language, region } = splitLocale(locale);
  if (language.length < 2 || language.length > 3) return null;
  return commaLanguages.has(language) && !pointCountries.has(`${language}-${region ?? ""}`) ? "," : ".";
}

/** "pt-BR", "zh-Hant-TW" and "en_US" in parts, the language in lower case, the region in upper. */
function splitLocale(locale: string): { language: string; region: string | null } {
  const [language = "", ...subtags] = locale.replaceAll("_", "-").split("-", 4);
  const region = subtags.find((subtag) => subtag.length === 2);
  return { language: language.toLowerCase(), region: region?.toUpperCase() ?? null };
}
