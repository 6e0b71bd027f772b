import { analyticsRoutes } from "./analytics.ts";
import { barRoutes } from "./bars.ts";
import { deadLetterRoutes } from "./dead-letters.ts";
import { gpuCatalogRoutes } from "./gpu-catalog.ts";
import { healthRoutes } from "./health.ts";
import { hostRoutes } from "./hosts.ts";
import { instrumentRoutes } from "./instruments.ts";
import { listingStatisticsRoutes } from "./listing-statistics.ts";
import { listingRoutes } from "./listings.ts";
import { priceCacheRoutes } from "./price-cache.ts";
import { priceRoutes } from "./prices.ts";
import { quoteRoutes } from "./quotes.ts";
import { marketDataSyncRoutes } from "./market-data-sync.ts";
import { runRoutes } from "./runs.ts";
import { searchRoutes } from "./searches.ts";
import { sourceRoutes } from "./sources.ts";
import { syncScheduleRoutes } from "./sync-schedules.ts";

export { healthRoutes };
/** All that answers JSON: what /openapi.json tells of. */
export const dataRoutes = [
  ...searchRoutes,
  ...runRoutes,
  ...priceCacheRoutes,
  ...analyticsRoutes,
  ...listingStatisticsRoutes,
  ...listingRoutes,
  ...gpuCatalogRoutes,
  ...hostRoutes,
  ...sourceRoutes,
  ...deadLetterRoutes,
  ...priceRoutes,
  ...quoteRoutes,
  ...instrumentRoutes,
  ...barRoutes,
  ...marketDataSyncRoutes,
  ...syncScheduleRoutes,
];
