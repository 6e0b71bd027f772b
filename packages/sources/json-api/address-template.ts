/** An address with places for names in its path and its query: "/markets/{market}/products?page={page}". */
export interface AddressTemplate {
  addressFor(values: Record<string, string>): string;
  /** The names in an address of this form, whatever else its query has; null for one of another form. */
  match(url: URL): Record<string, string> | null;
  has(name: string): boolean;
}

export function addressTemplate(baseUrl: string, template: string): AddressTemplate {
  const text = baseUrl.replace(/\/+$/, "") + template;
  // A stand-in that URL leaves as it is; the names are put in afterwards, each properly encoded.
  const form = new URL(text.replaceAll(/\{(\w+)\}/g, "__$1__"));
  const pathPattern = new RegExp(
    `^${form.pathname
      .split(/__(\w+?)__/)
      .map((part, index) => (index % 2 === 1 ? `(?<${part}>[^/]+)` : RegExp.escape(part)))
      .join("")}$`,
  );
  const inQuery = [...form.searchParams].flatMap(([key, value]) => {
    const name = /^__(\w+?)__$/.exec(value)?.[1];
    return name === undefined ? [] : [{ key, name }];
  });

  return {
    has: (name) => text.includes(`{${name}}`),
    addressFor: (values) =>
      form.href.replaceAll(/__(\w+?)__/g, (_, name: string) => encodeURIComponent(values[name] ?? "")),
    match(url) {
      if (url.origin !== form.origin) return null;
      const found = pathPattern.exec(url.pathname);
      if (found === null) return null;
      const names: Record<string, string> = {};
      for (const [name, value] of Object.entries(found.groups ?? {})) names[name] = decoded(value);
      for (const { key, name } of inQuery) {
        const value = url.searchParams.get(key);
        if (value === null && name !== "page") return null;
        names[name] = value ?? "";
      }
      return names;
    },
  };
}

/** An address that is not valid percent-encoding names nothing, so it is taken as it is. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) return text;
    throw error;
  }
}
