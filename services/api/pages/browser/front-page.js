import { ago, shownPrice } from "./words.js";

/**
 * Keeps the front page live: quotes as /events tells them, everything else by asking for the page again when a run tells
 * of something, and every so often. Without it the page stands as it came, and is loaded again.
 */

const SECTIONS = ["runs", "quotes", "listings"];
const WHILE_BUSY_MS = 2_000;
/** Also what is stale is known by asking: the hours of markets are the server's. */
const WHILE_IDLE_MS = 15_000;
const CONNECT_AGAIN_MS = 10_000;

const live = document.getElementById("live");
/** How far this clock is ahead of the server's: ages are those that the server would tell. */
const aheadMs = Date.now() - Date.parse(document.body.dataset.now);
let events = null;
let asking = false;
let askedMeanwhile = false;
let askAgain = 0;

listen();
askLater();
setInterval(showAges, 1_000);
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) void ask();
});

function listen() {
  events = new EventSource("events?kinds=run,quote");
  events.addEventListener("open", () => say("live", "Live"));
  events.addEventListener("run", () => void ask());
  events.addEventListener("quote", ({ data }) => showQuote(JSON.parse(data)));
  events.addEventListener("error", () => {
    say("lost", "Connection lost, trying again");
    // The browser tries again by itself, unless it was refused.
    if (events.readyState === EventSource.CLOSED) setTimeout(listen, CONNECT_AGAIN_MS);
  });
}

function say(state, words) {
  live.className = state;
  if (live.textContent !== words) live.textContent = words;
}

function showQuote(quote) {
  const tile = document.querySelector(
    `[data-instrument="${CSS.escape(`${quote.exchange}:${quote.symbol}`)}"]`,
  );
  if (tile === null) return;
  const price = tile.querySelector("data");
  const time = tile.querySelector("time");
  const before = Number(price.value);
  price.value = quote.price;
  price.textContent = shownPrice(quote.price);
  time.dateTime = quote.quoted_at;
  time.title = quote.quoted_at;
  tile.querySelector(".stale").hidden = !quote.stale;
  if (Number(quote.price) === before) return;
  // Begun anew, although the same way as the last one.
  price.classList.remove("up", "down");
  void price.offsetWidth;
  price.classList.add(Number(quote.price) > before ? "up" : "down");
}

function showAges() {
  for (const time of document.querySelectorAll("time")) {
    const words = ago(Date.now() - aheadMs - Date.parse(time.dateTime));
    if (time.textContent !== words) time.textContent = words;
  }
}

function askLater() {
  clearTimeout(askAgain);
  const isBusy = document.querySelector("#runs [data-busy]") !== null;
  askAgain = setTimeout(() => void ask(), isBusy ? WHILE_BUSY_MS : WHILE_IDLE_MS);
}

async function ask() {
  // What happens while an answer is under way may not be in it.
  askedMeanwhile = asking;
  if (asking) return;
  if (document.hidden) return askLater();
  asking = true;
  try {
    const response = await fetch(location.pathname, { headers: { accept: "text/html" } });
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    take(new DOMParser().parseFromString(await response.text(), "text/html"));
    if (events.readyState === EventSource.OPEN) say("live", "Live");
  } catch {
    // What is shown grows old, and its ages say so; the next answer makes it new.
    say("lost", "Connection lost, trying again");
  }
  asking = false;
  if (askedMeanwhile) void ask();
  else askLater();
}

/** Only what changed, and whoever stands on a link stays on it. */
function take(page) {
  for (const id of SECTIONS) {
    const section = document.getElementById(id);
    const next = page.getElementById(id);
    if (next === null || contentOf(section) === contentOf(next)) continue;
    const href = section.contains(document.activeElement)
      ? document.activeElement.getAttribute("href")
      : null;
    section.replaceChildren(...next.childNodes);
    if (href !== null) section.querySelector(`a[href="${CSS.escape(href)}"]`)?.focus();
  }
}

/** Ages change all the time, and are no reason to take a text away from under somebody who selects it. */
function contentOf(section) {
  const copy = section.cloneNode(true);
  for (const time of copy.querySelectorAll("time")) time.textContent = "";
  return copy.innerHTML;
}
