import type { CDPSession, Page } from "playwright-core";
import type { EgressProxy } from "./egress-proxy.ts";
import type { Identity } from "./identity.ts";

/** What a price does not need. Stopped by type, for an image often has no extension in its address. */
const unneededTypes = ["Image", "Font", "Media", "Ping", "CSPViolationReport"] as const;

/** Trackers that large shops load; each costs time and tells nothing about a price. */
const trackers = [
  "google-analytics.com",
  "googletagmanager.com",
  "doubleclick.net",
  "googlesyndication.com",
  "facebook.net",
  "hotjar.com",
  "criteo.com",
  "criteo.net",
  "bat.bing.com",
  "clarity.ms",
  "segment.io",
  "nr-data.net",
  "scorecardresearch.com",
  "taboola.com",
  "outbrain.com",
  "adsrvr.org",
];

/**
 * Prepares a fresh page: its identity is the host's, what it does not need is stopped, and the egress proxy gets its
 * credential. By the CDP's Fetch domain on chosen types only, for Playwright's page.route and its proxy credential
 * both switch the HTTP cache off. The credential is asked for by a context's first document; Chromium keeps it then.
 */
export async function guardPage(page: Page, identity: Identity, proxy: EgressProxy): Promise<void> {
  const session = await page.context().newCDPSession(page);
  session.on("Fetch.requestPaused", ({ requestId, resourceType }) => {
    const answer =
      resourceType === "Document"
        ? session.send("Fetch.continueRequest", { requestId })
        : session.send("Fetch.failRequest", { requestId, errorReason: "BlockedByClient" });
    forgetClosed(answer);
  });
  session.on("Fetch.authRequired", ({ requestId, authChallenge }) => {
    const authChallengeResponse =
      authChallenge.source === "Proxy"
        ? ({ response: "ProvideCredentials", username: proxy.username, password: proxy.password } as const)
        : ({ response: "CancelAuth" } as const);
    forgetClosed(session.send("Fetch.continueWithAuth", { requestId, authChallengeResponse }));
  });
  await Promise.all([
    session.send("Fetch.enable", {
      handleAuthRequests: true,
      patterns: [
        { resourceType: "Document" },
        ...unneededTypes.map((resourceType) => ({ resourceType })),
        ...trackers.flatMap((host) => [{ urlPattern: `*://${host}/*` }, { urlPattern: `*://*.${host}/*` }]),
      ],
    }),
    setIdentity(session, identity),
  ]);
}

async function setIdentity(session: CDPSession, identity: Identity): Promise<void> {
  const { userAgent, brands, platform, languages } = identity;
  // Not by the context's `locale` option, with which Playwright would set a single Accept-Language.
  if (languages[0] !== undefined) await session.send("Emulation.setLocaleOverride", { locale: languages[0] });
  await session.send("Emulation.setUserAgentOverride", {
    userAgent,
    // Chromium puts the weights to it itself.
    acceptLanguage: languages.join(","),
    userAgentMetadata: {
      brands,
      platform,
      platformVersion: "",
      architecture: "x86",
      bitness: "64",
      model: "",
      mobile: false,
    },
  });
}

/** A page that closes while an answer is on its way needs none. */
function forgetClosed(answer: Promise<unknown>): void {
  answer.catch(() => undefined);
}
