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
  { marker: /api-services-support@amazon\.com/, whose: "Amazon's refusal of automated access" },
];

/** What a page is about that says one of these, and nothing more. */
const rateLimitWords =
  /\btoo many requests\b|\brate limit(ed|s)?( has been)?( exceeded| reached)\b|\bzu viele anfragen\b|\btrop de requêtes\b|\bdemasiadas (solicitudes|peticiones)\b|\btroppe richieste\b|\bte veel verzoeken\b|\bmuitas solicitações\b|zbyt wiele (żądań|zapytań)|слишком много запросов|забагато запитів|リクエストが多すぎます|アクセスが集中/i;
/** At the beginning, for "not found" further on may be about the words of a search. */
const goneWords =
  /^(?:\W|sorry|oops|error|http|the|this|die|diese|la|cette|esta|questa|de|deze|a|ta)*(?:404\b|410\b|not found\b|gone$|(?:requested )?(?:page|item|listing|product|ad|url)(?: you requested)? (?:was |is |could |can)?(?:not (?:be )?found|no longer (?:available|exists))\b|seite (?:wurde )?nicht gefunden\b|page (?:introuvable|non trouvée)|página no encontrada\b|página não encontrada\b|pagina non trovata\b|pagina niet gevonden\b|nie znaleziono strony\b|strona nie (?:została znaleziona|istnieje)|страница не найдена|сторінку не знайдено|ページが見つかりません)/i;
/** A thing for sale may be called anything; its page says for how much. */
const soldThing = /itemprop=["']?price\b|(product|og):price|"@type"\s*:\s*"(Product|Offer)"/i;
/** A notice says little; a page that says more is about something else. */
const LONGEST_NOTICE_CHARACTERS = 400;

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

  const notice = noticeIn(title, body);
  const showsWidget = captchaWidget.test(body);
  if (captchaTitle.test(title)) return { state: "captcha", reason: `a captcha page: "${title}"` };
  // Amazon's has no other word in any language.
  if (/\/errors\/validateCaptcha/i.test(body)) return { state: "captcha", reason: "Amazon's captcha" };
  if (showsWidget && (block !== undefined || captchaWords.test(body))) {
    return { state: "captcha", reason: `a captcha, in ${block?.whose ?? "a page that wants a human"}` };
  }
  if (block !== undefined) return { state: "blocked", reason: block.whose };
  if (isBareCloudflareScript(body)) return { state: "blocked", reason: "nothing but Cloudflare's script" };

  if (notice !== null) return notice;
  const asksWho = title.split(/\s*[|·–—]\s*/).some((part) => loginTitle.test(part.trim()));
  if (asksWho && credentialField.test(html)) return { state: "login", reason: `a login page: "${title}"` };
  return null;
}

/** A page that says nothing but that one asks too much, or that what was asked for is not there, with status 200 as well. */
function noticeIn(title: string, body: string): Wall | null {
  if (body === "" || soldThing.test(body)) return null;
  const text = visibleText(body);
  if (text.length > LONGEST_NOTICE_CHARACTERS) return null;
  const said = `"${(text || title).slice(0, 100)}"`;
  for (const words of [title, text]) {
    if (rateLimitWords.test(words)) return { state: "rate-limited", reason: `the page says ${said}` };
  }
  const saysGone = goneWords.test(title) || goneWords.test(text);
  return saysGone ? { state: "gone", reason: `the page says ${said}` } : null;
}

/** By position, since a pattern over unclosed scripts takes time with the square of their number. */
function visibleText(body: string): string {
  const lower = body.toLowerCase();
  let text = "";
  let at = 0;
  while (at < body.length && text.length <= LONGEST_NOTICE_CHARACTERS * 4) {
    const open = body.indexOf("<", at);
    text += ` ${body.slice(at, open === -1 ? undefined : open)}`;
    if (open === -1) break;
    const hidden = /^<(script|style|template|noscript|svg|title)\b/.exec(lower.slice(open, open + 12))?.[1];
    const tag = hidden === undefined ? open : lower.indexOf(`</${hidden}`, open);
    const end = tag === -1 ? -1 : body.indexOf(">", tag);
    if (end === -1) break;
    at = end + 1;
  }
  return text.replace(/&nbsp;|\s+/g, " ").trim();
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
