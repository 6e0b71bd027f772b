import type { Migration } from "kysely/migration";
import * as theBook from "./0001-the-book.ts";
import * as listingsAndPrices from "./0002-listings-and-prices.ts";
import * as runStates from "./0003-run-states.ts";
import * as claims from "./0004-claims.ts";
import * as rolesAndAsking from "./0005-roles-and-asking.ts";
import * as theBelt from "./0006-the-belt.ts";
import * as sightingsAndFinishes from "./0007-sightings-and-finishes.ts";
import * as runCounts from "./0008-run-counts.ts";
import * as runCollectors from "./0009-run-collectors.ts";
import * as theHostsClock from "./0010-the-hosts-clock.ts";
import * as schedules from "./0011-schedules.ts";
import * as deadLetters from "./0012-dead-letters.ts";
import * as recurringTargets from "./0013-recurring-targets.ts";
import * as whoAsked from "./0014-who-asked.ts";
import * as marketsOfARun from "./0015-markets-of-a-run.ts";
import * as runControl from "./0017-run-control.ts";
import * as breakersAndRobots from "./0018-breakers-and-robots.ts";
import * as layoutsAndRereading from "./0019-layouts-and-rereading.ts";
import * as marketData from "./0020-market-data.ts";
import * as ticksAndGaps from "./0021-ticks-and-gaps.ts";
import * as askingForInstruments from "./0026-asking-for-instruments.ts";
import * as history from "./0024-history.ts";
import * as valuesInTheBaseCurrency from "./0027-values-in-the-base-currency.ts";
import * as quotedCurrencies from "./0040-quoted-currencies.ts";
import * as fills from "./0041-fills.ts";
import * as theLifeOfListings from "./0042-the-life-of-listings.ts";
import * as modelsAndBenchmarks from "./0043-models-and-benchmarks.ts";
import * as doubtedPrices from "./0044-doubted-prices.ts";
import * as askingForMarketsAndSyncs from "./0045-asking-for-markets-and-syncs.ts";
import * as theBeltOfASlowedHost from "./0046-the-belt-of-a-slowed-host.ts";
import * as photosAndDuplicates from "./0047-photos-and-duplicates.ts";
import * as oddPricesApart from "./0048-odd-prices-apart.ts";
import * as valuesOfPagesReadAgain from "./0049-values-of-pages-read-again.ts";
import * as statistics from "./0051-statistics.ts";
import * as filters from "./0052-filters.ts";
import * as misses from "./0053-misses.ts";
import * as offersWithoutAPrice from "./0054-offers-without-a-price.ts";

/** In order. One that has landed is never edited: the next number changes what it made. */
export const migrations: Record<string, Migration> = {
  "0001-the-book": theBook,
  "0002-listings-and-prices": listingsAndPrices,
  "0003-run-states": runStates,
  "0004-claims": claims,
  "0005-roles-and-asking": rolesAndAsking,
  "0006-the-belt": theBelt,
  "0007-sightings-and-finishes": sightingsAndFinishes,
  "0008-run-counts": runCounts,
  "0009-run-collectors": runCollectors,
  "0010-the-hosts-clock": theHostsClock,
  "0011-schedules": schedules,
  "0012-dead-letters": deadLetters,
  "0013-recurring-targets": recurringTargets,
  "0014-who-asked": whoAsked,
  "0015-markets-of-a-run": marketsOfARun,
  "0017-run-control": runControl,
  "0018-breakers-and-robots": breakersAndRobots,
  "0019-layouts-and-rereading": layoutsAndRereading,
  "0020-market-data": marketData,
  "0021-ticks-and-gaps": ticksAndGaps,
  "0024-history": history,
  "0026-asking-for-instruments": askingForInstruments,
  "0027-values-in-the-base-currency": valuesInTheBaseCurrency,
  "0040-quoted-currencies": quotedCurrencies,
  "0041-fills": fills,
  "0042-the-life-of-listings": theLifeOfListings,
  "0043-models-and-benchmarks": modelsAndBenchmarks,
  "0044-doubted-prices": doubtedPrices,
  "0045-asking-for-markets-and-syncs": askingForMarketsAndSyncs,
  "0046-the-belt-of-a-slowed-host": theBeltOfASlowedHost,
  "0047-photos-and-duplicates": photosAndDuplicates,
  "0048-odd-prices-apart": oddPricesApart,
  "0049-values-of-pages-read-again": valuesOfPagesReadAgain,
  "0051-statistics": statistics,
  "0052-filters": filters,
  "0053-misses": misses,
  "0054-offers-without-a-price": offersWithoutAPrice,
};

/** The schema a service needs: the newest migration it was written with. */
export const neededSchemaVersion = Object.keys(migrations).at(-1) ?? "";
