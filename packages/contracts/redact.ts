/** Variables whose value is a secret as a whole. */
const secretName = /TOKEN|PASSWORD|SECRET|CREDENTIAL|API_KEY|_DSN$/;
/** Shorter ones would blank out ordinary words, and guard nothing. */
const SHORTEST_SECRET_CHARACTERS = 6;

/** `scheme://user:password@`; up to the last @ before a quote, a space or a slash, for people forget to escape. */
const userinfo = /([a-z][a-z\d+.-]*:\/\/)[^\s/"'<>`\\]*@/gi;
const authorization = /\b(Basic|Bearer)\s+[\w+/.~-]{6,}=*/g;

/**
 * Makes the function that takes credentials out of a text: any URL's user and password, authorization headers, and
 * whatever is secret in this environment, wherever and however escaped it shows up.
 */
export function createRedactor(
  environment: Readonly<Record<string, string | undefined>>,
): (text: string) => string {
  const secrets = secretsIn(environment).flatMap(writings);
  // The longest first, so that no secret's tail is left beside another's stars.
  const known = [...new Set(secrets)].toSorted((a, b) => b.length - a.length);
  const pattern = known.length === 0 ? null : new RegExp(known.map(escapeForPattern).join("|"), "g");
  return (text) => {
    const withoutSecrets = pattern === null ? text : text.replace(pattern, "***");
    return withoutSecrets.replace(userinfo, "$1***@").replace(authorization, "$1 ***");
  };
}

/** For this process's environment, as it was when first asked. */
export function redact(text: string): string {
  ofThisProcess ??= createRedactor(process.env);
  return ofThisProcess(text);
}
let ofThisProcess: ((text: string) => string) | null = null;

function secretsIn(environment: Readonly<Record<string, string | undefined>>): string[] {
  const secrets: string[] = [];
  for (const [name, value = ""] of Object.entries(environment)) {
    if (secretName.test(name)) secrets.push(value.trim());
    // PROXY_URL has several, split by semicolons.
    for (const part of value.includes("@") ? value.split(";") : [])
      secrets.push(...credentialsOf(part.trim()));
  }
  return secrets.filter((secret) => secret.length >= SHORTEST_SECRET_CHARACTERS);
}

function credentialsOf(text: string): string[] {
  const url = URL.parse(text);
  if (url === null) return [];
  const { username, password } = url;
  // A password that is its user's name is no secret, and the name is a word that logs need.
  if (password === "" || password === username) return [];
  return [
    password,
    decoded(password),
    Buffer.from(`${decoded(username)}:${decoded(password)}`).toString("base64"),
  ];
}

/** A secret as it is, inside a URL, and inside JSON. */
function writings(secret: string): string[] {
  return [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A stray percent sign: it is used as it stands.
    return text;
  }
}

function escapeForPattern(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\/-]/g, "\\$&");
}
