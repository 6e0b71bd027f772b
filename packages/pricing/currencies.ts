/** ISO 4217 codes that shops and markets print as they are. */
const codes = new Set(
  (
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP CNY COP CRC CUP CVE CZK " +
    "DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF " +
    "KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK " +
    "PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX " +
    "USD UYU UZS VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWL"
  ).split(" "),
);

/** What else is printed for one currency and no other. Lower case where the sign has letters. */
const signs = new Map<string, string>([
  ["€", "EUR"],
  ["euro", "EUR"],
  ["euros", "EUR"],
  ["£", "GBP"],
  ["₹", "INR"],
  ["rs", "INR"],
  ["rs.", "INR"],
  ["₽", "RUB"],
  ["руб", "RUB"],
  ["руб.", "RUB"],
  ["р.", "RUB"],
  ["р", "RUB"],
  ["₴", "UAH"],
  ["грн", "UAH"],
  ["грн.", "UAH"],
  ["zł", "PLN"],
  ["zl", "PLN"],
  ["kč", "CZK"],
  ["ft", "HUF"],
  ["лв", "BGN"],
  ["лв.", "BGN"],
  ["lv", "BGN"],
  ["lei", "RON"],
  ["₺", "TRY"],
  ["tl", "TRY"],
  ["₪", "ILS"],
  ["₩", "KRW"],
  ["₫", "VND"],
  ["₦", "NGN"],
  ["₱", "PHP"],
  ["฿", "THB"],
  ["₸", "KZT"],
  ["тг", "KZT"],
  ["тг.", "KZT"],
  ["сум", "UZS"],
  ["сўм", "UZS"],
  ["so'm", "UZS"],
  ["сом", "KGS"],
  ["у.е.", "USD"],
  ["rp", "IDR"],
  ["rp.", "IDR"],
  ["rm", "MYR"],
  ["円", "JPY"],
  ["元", "CNY"],
  ["rmb", "CNY"],
  ["fr.", "CHF"],
  ["sfr", "CHF"],
  ["₾", "GEL"],
  ["₼", "AZN"],
  ["﷼", "IRR"],
  ["تومان", "IRR"],
  ["د.إ", "AED"],
  ["r$", "BRL"],
  ["us$", "USD"],
  ["us $", "USD"],
  ["usd$", "USD"],
  ["c$", "CAD"],
  ["c $", "CAD"],
  ["ca$", "CAD"],
  ["cad$", "CAD"],
  ["a$", "AUD"],
  ["au$", "AUD"],
  ["au $", "AUD"],
  ["nz$", "NZD"],
  ["hk$", "HKD"],
  ["s$", "SGD"],
  ["nt$", "TWD"],
  ["mx$", "MXN"],
  ["s/", "PEN"],
  ["s/.", "PEN"],
  ["грв", "UAH"],
  ["din", "RSD"],
  ["дин", "RSD"],
  ["kn", "EUR"],
]);

/** One sign for several currencies, by the region that settles it. */
const ambiguous = new Map<string, Record<string, string>>([
  [
    "$",
    {
      US: "USD",
      CA: "CAD",
      AU: "AUD",
      NZ: "NZD",
      SG: "SGD",
      HK: "HKD",
      MX: "MXN",
      TW: "TWD",
      AR: "ARS",
      CL: "CLP",
      CO: "COP",
    },
  ],
  ["kr", { SE: "SEK", NO: "NOK", DK: "DKK", IS: "ISK" }],
  ["kr.", { SE: "SEK", NO: "NOK", DK: "DKK", IS: "ISK" }],
  [",-", { NO: "NOK", DK: "DKK", SE: "SEK", DE: "EUR", NL: "EUR", CZ: "CZK" }],
  ["¥", { JP: "JPY", CN: "CNY" }],
]);

const regionOfSuffix = new Map([
  ["com", "US"],
  ["uk", "GB"],
]);
/** The longest sign or code, in characters. */
export const LONGEST_SIGN = 5;

export interface CurrencyHints {
  /** An ISO code, or a sign from elsewhere on the page. */
  currencyHint?: string;
  /** BCP 47: "de-DE", "sv". */
  locale?: string;
  /** The host of the page: "www.ebay.com.au". Only settles an ambiguous sign. */
  domain?: string;
}

/**
 * The ISO 4217 code of a printed sign or code: "US $", "zł", "eur". An ambiguous sign ("$", "kr") is settled by the
 * hints; null when they do not settle it, or when the text is no currency.
 */
export function currencyOf(printed: string, hints: CurrencyHints = {}): string | null {
  const text = printed.trim();
  const upper = text.toUpperCase();
  if (codes.has(upper)) return upper;
  const lower = text.toLowerCase();
  const sign = signs.get(lower);
  if (sign !== undefined) return sign;
  const regions = ambiguous.get(lower);
  return regions === undefined ? null : settle(regions, lower, hints);
}

/** Is this a currency, even if it cannot be told which? Of codes only upper case counts: "all" and "top" are words. */
export function isCurrencySign(printed: string): boolean {
  return codes.has(printed) || signs.has(printed.toLowerCase()) || ambiguous.has(printed.toLowerCase());
}

function settle(
  regions: Record<string, string>,
  sign: string,
  { currencyHint, locale, domain }: CurrencyHints,
): string | null {
  if (currencyHint !== undefined && currencyHint.trim().toLowerCase() !== sign) {
    const hinted = currencyOf(currencyHint, { ...(locale && { locale }), ...(domain && { domain }) });
    if (hinted !== null && Object.values(regions).includes(hinted)) return hinted;
  }
  const byLocale = regions[regionOf(locale)];
  return byLocale ?? regions[regionOfDomain(domain)] ?? null;
}

function regionOf(locale: string | undefined): string {
  const [language = "", ...rest] = locale?.split(/[-_]/) ?? [];
  const region = rest.find((part) => part.length === 2)?.toUpperCase();
  const homeOf: Record<string, string> = {
    sv: "SE",
    nb: "NO",
    nn: "NO",
    no: "NO",
    da: "DK",
    is: "IS",
    ja: "JP",
    zh: "CN",
  };
  return region ?? homeOf[language.toLowerCase()] ?? "";
}

function regionOfDomain(domain: string | undefined): string {
  const suffix = domain?.split(".").at(-1)?.toLowerCase() ?? "";
  return regionOfSuffix.get(suffix) ?? suffix.toUpperCase();
}
