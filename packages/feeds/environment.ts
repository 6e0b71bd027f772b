import { httpUrl } from "@pricefleet/contracts";
import { z } from "zod";

const TRADINGVIEW_SOCKET = "wss://data.tradingview.com/socket.io/websocket";

/** What every service that listens to a feed takes from its environment. */
export const feedsEnvironment = z.object({
  TRADINGVIEW_WS_URL: z
    .string()
    .regex(/^wss?:\/\/\S+$/, { error: `a URL such as ${TRADINGVIEW_SOCKET}` })
    .default(TRADINGVIEW_SOCKET),
});

/** What the one takes that fetches history. A name and its password come together; without them nobody signs in. */
export const historyEnvironment = feedsEnvironment.extend({
  TRADINGVIEW_BASE_URL: httpUrl.optional(),
  TRADINGVIEW_USERNAME: z.string().optional(),
  TRADINGVIEW_PASSWORD: z.string().optional(),
});
export type HistoryEnvironment = z.infer<typeof historyEnvironment>;

/** Its address where it is not the site's own. Whoever names another means it, though it may be a private one. */
export function namedSocketIn(env: z.infer<typeof feedsEnvironment>): string[] {
  return env.TRADINGVIEW_WS_URL === TRADINGVIEW_SOCKET ? [] : [env.TRADINGVIEW_WS_URL];
}
