/** Where OLX sells under one layout: the domain's ending, and the path under which a country lists all its ads. */
const listPaths = {
  bg: "/ads/",
  kz: "/list/",
  pl: "/oferty/",
  pt: "/ads/",
  ro: "/oferte/",
  ua: "/uk/list/",
  uz: "/list/",
} as const;

export type OlxCountry = keyof typeof listPaths;
export const olxCountries = Object.keys(listPaths) as [OlxCountry, ...OlxCountry[]];

export function listPathOf(country: OlxCountry): string {
  return listPaths[country];
}

/** The country of "www.olx.ua" or "m.olx.ua"; null for a host that is not OLX's. */
export function countryOfHost(hostname: string): OlxCountry | null {
  const ending = /(?:^|\.)olx\.([a-z]{2})$/.exec(hostname)?.[1];
  return olxCountries.find((country) => country === ending) ?? null;
}
