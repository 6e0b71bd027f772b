import type { PageInput, PageState } from "@pricefleet/contracts";

/** A page that was served in place of the one asked for. */
export interface Wall {
  state: Extract<PageState, "gone" | "blocked" | "captcha" | "login" | "rate-limited">;
  /** In words, for the log and the person. */
  reason: string;
}

/**
 * Walls are small. In bigger pages body markers prove nothing: the scripts of real shops name the same
 * vendors, for the contact form or for the bot check that the visitor has already passed.
 */
const LARGEST_WALL_CHARACTERS = 100_000;
const LONGEST_TITLE_CHARACTERS = 500;

/** Words that stand for the whole title, or for a part of it between bars: "Temu | Login". */
const loginTitle =
  /^(log ?in|sign ?in|anmelden|einloggen|connexion|se connecter|identifiez-vous|inicia(r)? sesión|identifícate|accedi|zaloguj|logowanie|inloggen|aanmelden|вход|войти|увійти|вхід|ログイン)( się)?( (to|or|oder|bei|ou|o|lub|of|и|или|або) .*)?$/i;
/** The field in which one says who one is. */
const credentialField = /<input[^<>]{0,500}(password|e-?mail|user-?name|phone)/i;

const captchaTitle =
  /^(security measure \| ebay|robot check|human verification$|captcha$|are you (a )?(human|robot)|verify (that )?you('re| are) (a )?human)/i;
/** The widget in the page's own markup; Cloudflare's waiting room explains captchas without showing one. */
const captchaWidget =
  /class=["']?(g-recaptcha|h-captcha|cf-turnstile)\b|id=["']?px-captcha\b|action=["']?captcha_submit\b|captcha-delivery\.com\/captcha|\/errors\/validateCaptcha/i;
const captchaWords =
  /verify (that )?(you('re| are) (a )?human|yourself)|unusual traffic|press (and|&amp;|&) hold/i;

const blockTitles: readonly { title: RegExp; whose: string }[] = [
  {
    title: /^just a moment\.{3}$|\| cloudflare$|used cloudflare to restrict access/i,
    whose: "Cloudflare's challenge",
  },
  { title: /^pardon our interruption/i, whose: "a bot check, Pardon Our Interruption" },
  { title: /^error page \| ebay/i, whose: "eBay's error page" },
  { title: /^access denied$|^access to this page has been denied/i, whose: "a page that denies access" },
  { title: /^(403 )?forbidden$|^403 - forbidden/i, whose: "a page that forbids access" },
  { title: /^error: the request could not be satisfied/i, whose: "CloudFront's refusal" },
];
const blockMarkers: readonly { marker: RegExp; whose: string }[] = [
  { marker: /_cf_chl_opt\b|cf-browser-verification/, whose: "Cloudflare's challenge" },
  { marker: /"serviceName":"splashui"/, whose: "eBay's browser check" },
  { marker: /error-header__headline[^]{0,400}reference-id/, whose: "eBay's error page" },
  { marker: /Incapsula incident ID/i, whose: "Imperva's refusal" },
  { marker: /geo\.captcha-delivery\.com/i, whose: "DataDome's check" },
];

/**
 * Is this a wall, a refusal or nothing at all in place of a page? Null means that the site's own rules may
 * read it. A 5xx is no state of a page: the caller has failed to fetch it and knows so by the status.
 * Pure, linear in the page's length, and right without a status too (a saved file has none).
 */
export function detectPageState(page: Pick<PageInput, "html" | "status">): Wall | null {
  if (page.status === 404 || page.status === 410) {
    return { state: "gone", reason: `the site answered ${page.status}` };
  }
  return wallIn(page.html) ?? refusalBy(page.status);
}

function refusalBy(status: number | null): Wall | null {
  if (status === 429) return { state: "rate-limited", reason: "the site answered 429" };
  if (status === 401) return { state: "login", reason: "the site answered 401" };
  if (status === 403) return { state: "blocked", reason: "the site answered 403" };
  return null;
}

function wallIn(html: string): Wall | null {
  const title = titleOf(html);
  const body = html.length <= LARGEST_WALL_CHARACTERS ? html : "";
  const block =
    blockTitles.find((known) => known.title.test(title)) ??
    blockMarkers.find((known) => known.marker.test(body));

  const showsWidget = captchaWidget.test(body);
  if (captchaTitle.test(title)) return { state: "captcha", reason: `a captcha page: "${title}"` };
  if (showsWidget && (block !== undefined || captchaWords.test(body))) {
    return { state: "captcha", reason: `a captcha, in ${block?.whose ?? "a page that wants a human"}` };
  }
  if (block !== undefined) return { state: "blocked", reason: block.whose };
  if (isBareCloudflareScript(body)) return { state: "blocked", reason: "nothing but Cloudflare's script" };

  const asksWho = title.split(/\s*[|·–—]\s*/).some((part) => loginTitle.test(part.trim()));
  if (asksWho && credentialField.test(html)) return { state: "login", reason: `a login page: "${title}"` };
  return null;
}

/** The first title of the page, as written. Found by position, so that no pattern runs over megabytes. */
function titleOf(html: string): string {
  const start = html.search(/<title/i);
  if (start === -1) return "";
  const written = html.slice(start, start + LONGEST_TITLE_CHARACTERS);
  return (/^<title[^>]*>([^<]*)/i.exec(written)?.[1] ?? "").replace(/\s+/g, " ").trim();
}

/** Cloudflare's bot script sits in good pages too; alone in an otherwise empty page it is the wall. */
function isBareCloudflareScript(body: string): boolean {
  if (body.length > 5_000 || !body.includes("/cdn-cgi/")) return false;
  return (
    body
      .replace(/<script[\s\S]*?<\/script>/gi, "")
      .replace(/<[^>]*>/g, "")
      .trim() === ""
  );
}
