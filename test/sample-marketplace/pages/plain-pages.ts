import { shareOf } from "../chance.ts";
import { categories } from "../vocabulary.ts";
import { escapeHtml, type Page, searchPath, shopPage } from "./layout.ts";
import { categoryIcon } from "./pictures.ts";

export function homePage(): Page {
  const suggestions = ["thinkpad x1", "iphone 13", "road bike", "leica m6", "espresso kettle", "seiko watch"];
  return shopPage(
    200,
    "Good things, second time round",
    `<section class="hero"><h1>Good things, second time round</h1>
<p>Search for anything: there is always somebody who sells it.</p>
<p>${suggestions.map((term) => `<a class="chip" href="${escapeHtml(searchPath(term, 1))}">${term}</a>`).join(" ")}</p></section>
<ul class="categories">${categories.map((category) => `<li>${categoryIcon(category)}${escapeHtml(category.name)}</li>`).join("")}</ul>`,
  );
}

export function notFoundPage(): Page {
  return shopPage(
    404,
    "Page not found",
    '<h1 class="missing">We looked everywhere.</h1>\n<p>This page is missing, or the listing was removed.</p>',
  );
}

/** A symbol's last price: it swings around a level of its own, with the clock, a step a second. */
export function quotePage(symbol: string, seed: number, now: Date): Page {
  const level = 10 ** (1 + 3 * shareOf(seed, "quote", symbol));
  const seconds = Math.floor(now.getTime() / 1000);
  const swing = 0.01 * Math.sin(seconds / 600) + 0.002 * (shareOf(seed, "tick", symbol, seconds) - 0.5);
  const value = (level * (1 + swing)).toFixed(2);
  const name = escapeHtml(symbol.toUpperCase());
  return shopPage(
    200,
    `${name} ${value}`,
    `<section class="quote" data-symbol="${name}"><h1 data-qa-id="symbol-name">${name}</h1>
<p><span data-qa-id="symbol-last-value">${value}</span> <span data-qa-id="symbol-currency">USD</span></p></section>`,
  );
}
