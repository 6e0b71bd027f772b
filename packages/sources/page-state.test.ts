import { expect, test } from "vitest";
import { detectPageState } from "./index.ts";

const page = (title: string, body: string): string =>
  `<!DOCTYPE html><html><head><title>${title}</title></head><body>${body}</body></html>`;
const stateOf = (html: string, status: number | null = null) =>
  detectPageState({ html, status })?.state ?? null;
const shop = page("Blue kettle | Kettles", "<h1>Blue kettle</h1><p>£12.00</p>");

test.each([
  [404, "gone"],
  [410, "gone"],
  [401, "login"],
  [403, "blocked"],
  [429, "rate-limited"],
])("an answer of %i is %s", (status, state) => {
  expect(stateOf(shop, status)).toBe(state);
});

test("an answer of 200, of 5xx, or a saved page without a status is no state by itself", () => {
  expect([200, 500, 503, null].map((status) => stateOf(shop, status))).toEqual([null, null, null, null]);
});

test.each([
  ["Cloudflare's waiting room", page("Just a moment...", "<script>window._cf_chl_opt={}</script>")],
  ["Cloudflare's refusal", page("Attention Required! | Cloudflare", "<h1>Sorry, you have been blocked</h1>")],
  ["Cloudflare's script and nothing else", "<html><script src='/cdn-cgi/bm/cv/1/api.js'></script></html>"],
  ["eBay's browser check", page("Pardon Our Interruption...", "<p>Checking your browser</p>")],
  ["eBay's error page", page("Error Page | eBay", "<p>Something went wrong on our end</p>")],
  ["eBay's browser check in another language", page("", '<script>{"serviceName":"splashui"}</script>')],
  [
    "eBay's error page in another language",
    page("Fehler", '<p class="error-header__headline">Pardon</p><p class="reference-id">0.5</p>'),
  ],
  ["Akamai's refusal", page("Access Denied", "<p>You don't have permission. Reference #18.5e</p>")],
  ["Imperva's refusal", page("", "Request unsuccessful. Incapsula incident ID: 1-2")],
])("%s is blocked, whatever its status", (_, html) => {
  expect([null, 200, 403, 503].map((status) => stateOf(html, status))).toEqual(Array(4).fill("blocked"));
});

test.each([
  ["a challenge with a widget", page("Just a moment...", '<div class="g-recaptcha" data-sitekey="k"></div>')],
  ["eBay's verification", page("Security measure | eBay", "<form action=captcha_submit></form>")],
  [
    "eBay's verification in another language",
    page("Sicherheit | eBay", "<h1>Please verify yourself</h1><form id=captcha_form action=captcha_submit>"),
  ],
  ["a press-and-hold page", page("shop", "<p>Press &amp; Hold to confirm</p><div id='px-captcha'></div>")],
  ["a robot check", page("Robot Check", "<form action='/errors/validateCaptcha'></form>")],
])("%s is a captcha", (_, html) => {
  expect(stateOf(html)).toBe("captcha");
});

test.each(["Sign in", "Shop | Login", "Sign in or Register | eBay", "Anmelden – Laden", "Zaloguj się | OLX"])(
  'a page titled "%s" that asks who one is, is a login wall',
  (title) => {
    expect(stateOf(page(title, '<form><input type="password" name="p"></form>'))).toBe("login");
  },
);

test.each([
  ["a server's own page", page("429 Too Many Requests", "<h1>429 Too Many Requests</h1><hr>nginx")],
  ["an answer for machines", '{"error":"Too many requests","retry_after":30}'],
  ["a sentence", page("Shop", "<script>var a</script><p>Rate limit exceeded, please slow down.</p>")],
  ["a notice in German", page("Hinweis", "<p>Zu viele Anfragen. Bitte später erneut versuchen.</p>")],
  ["Yahoo!'s notice", page("Yahoo! JAPAN", "<p>ただいまアクセスが集中しております。</p>")],
])("%s that one asks too much is rate-limited, with status 200 as well", (_, html) => {
  expect([null, 200, 503].map((status) => stateOf(html, status))).toEqual(Array(3).fill("rate-limited"));
});

test.each([
  ["a server's own page", page("404 Not Found", "<h1>Not Found</h1><p>The requested URL was not found.</p>")],
  ["a page that scripts would fill", page("Page not found", '<div id="root"></div><script>start()</script>')],
  ["a notice", page("Shop", "<h1>Sorry, this page is no longer available</h1>")],
  ["a notice in Polish", page("Sklep", "<h1>Nie znaleziono strony</h1>")],
  ["an answer of 410 that lost its status", page("Gone", "<h1>Gone</h1>")],
])("%s that nothing is there is gone, with status 200 as well", (_, html) => {
  expect([null, 200].map((status) => stateOf(html, status))).toEqual(["gone", "gone"]);
});

test("a page that says more than a notice, names a price or found nothing for its words is no notice", () => {
  const review = "<p>Too many requests reached us about this kettle, so here is all that we know of it.</p>";
  expect(stateOf(page("Blue kettle", review.repeat(10)))).toBeNull();
  expect(stateOf(page("Page Not Found: a novel", '<b itemprop="price">£12.00</b>'))).toBeNull();
  expect(stateOf(page("404 Not Found", '<script>{"@type": "Product"}</script>'))).toBeNull();
  expect(stateOf(page("Search", "<p>kettle 9000 was not found</p>"))).toBeNull();
});

test.each([
  [
    "a captcha",
    "captcha",
    page("Amazon.de", '<form action="/errors/validateCaptcha"><input name=field-keywords>'),
  ],
  [
    "a refusal",
    "blocked",
    page("503", "<!-- To discuss automated access contact api-services-support@amazon.com -->"),
  ],
])("Amazon's %s is %s", (_, state, html) => {
  expect(stateOf(html)).toBe(state);
});

test("a shop that names captchas, logins and bot checks in its scripts and forms is no wall", () => {
  const scripts = "<script>var a='g-recaptcha h-captcha px-captcha _cf_chl_opt'</script>".repeat(2_000);
  const contactForm = '<form><input type="password"><div class="g-recaptcha"></div>Contact us</form>';
  expect(stateOf(page("Blue kettle | Kettles", `<p>£12.00</p>${scripts}${contactForm}`))).toBeNull();
  expect(stateOf(page("Blue kettle", `<p>£12.00</p>${contactForm}`))).toBeNull();
  expect(
    stateOf(page("Blue kettle", "<p>£12.00</p><script src='/cdn-cgi/challenge-platform/a.js'></script>")),
  ).toBeNull();
});

test("a thing for sale whose name reads like a wall is no wall", () => {
  expect(stateOf(page("Sign in book for weddings | Shop", "<p>£12.00</p><input type=password>"))).toBeNull();
  expect(stateOf(page("Login | Records and posters", "<h1>Login, the band</h1><p>£12.00</p>"))).toBeNull();
  expect(stateOf(page("Just a moment: a novel", "<p>£12.00</p>"))).toBeNull();
  expect(stateOf(page("Access Denied (Blu-ray)", "<p>£12.00</p>"))).toBeNull();
});
