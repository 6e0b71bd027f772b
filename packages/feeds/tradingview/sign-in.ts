import { messageOf, PermanentError, PricefleetError, TemporaryError } from "@pricefleet/contracts";
import { type Dispatcher, request } from "undici";

export interface Credentials {
  username: string;
  password: string;
}

export interface Login {
  /** The token that a socket begins with. @throws PermanentError `login-refused`; TemporaryError `network`. */
  authToken(): Promise<string>;
  /** The socket refused it: the next one is asked for anew. */
  forget(): void;
}

interface LoginOptions {
  /** Another address for the site. */
  baseUrl?: string | undefined;
  /** By which it connects; undici's own, which connects directly, unless told. */
  dispatcher?: Dispatcher | undefined;
}

export const ANYBODY = "unauthorized_user_token";
const SITE = "https://www.tradingview.com";
const TIMEOUT_MS = 15_000;
/** The site's tokens hold for hours. */
const HOLDS_MS = 3_600_000;

/** Without credentials, anybody's token: the site answers with less, and later. */
export function createLogin(credentials: Credentials | null, options: LoginOptions = {}): Login {
  let token: { text: Promise<string>; until: number } | null = null;
  let refused: PermanentError | null = null;
  return {
    async authToken() {
      if (credentials === null) return ANYBODY;
      // The same words would be refused again, and a site locks accounts that try too often.
      if (refused !== null) throw refused;
      if (token === null || token.until < Date.now())
        token = { text: signIn(credentials, options), until: Date.now() + HOLDS_MS };
      try {
        return await token.text;
      } catch (error) {
        token = null;
        if (error instanceof PermanentError) refused = error;
        throw error;
      }
    },
    forget() {
      token = null;
    },
  };
}

async function signIn(
  { username, password }: Credentials,
  { baseUrl = SITE, dispatcher }: LoginOptions,
): Promise<string> {
  try {
    const response = await request(new URL("/accounts/signin/", baseUrl), {
      method: "POST",
      headers: {
        "content-type": "application/x-www-form-urlencoded",
        origin: SITE,
        referer: `${SITE}/`,
      },
      body: new URLSearchParams({ username, password, remember: "on" }).toString(),
      ...(dispatcher && { dispatcher }),
      headersTimeout: TIMEOUT_MS,
      bodyTimeout: TIMEOUT_MS,
    });
    const text = await response.body.text();
    if (response.statusCode === 429 || response.statusCode >= 500)
      throw new TemporaryError("network", `the sign-in answered ${response.statusCode}`);
    return tokenIn(text, response.statusCode);
  } catch (error) {
    if (error instanceof PricefleetError) throw error;
    throw new TemporaryError("network", `the sign-in could not be reached: ${messageOf(error)}`);
  }
}

/** Only the site's own words for what is wrong are passed on: the answer may hold more than anybody should log. */
function tokenIn(text: string, status: number): string {
  const answer = parse(text);
  const token = (answer["user"] as Record<string, unknown> | undefined)?.["auth_token"];
  if (status === 200 && typeof token === "string" && token !== "") return token;
  const said = answer["error"] ?? answer["detail"];
  throw new PermanentError(
    "login-refused",
    `TradingView does not take TRADINGVIEW_USERNAME and TRADINGVIEW_PASSWORD: ${
      typeof said === "string" ? said.slice(0, 200) : `status ${status} without a token`
    }`,
  );
}

function parse(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    // A page instead of an answer holds no token: whoever called says so.
    return {};
  }
}
