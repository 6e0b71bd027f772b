import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { messageOf } from "@pricefleet/contracts";
import type { Logger } from "@pricefleet/logging";

/** Who a site sees, over HTTP and in the browser alike. */
export interface Identity {
  userAgent: string;
  /** sec-ch-ua, as Chromium of that version sends it. */
  brands: { brand: string; version: string }[];
  /** sec-ch-ua-platform. */
  platform: string;
  /** First is the preferred one, as in navigator.languages. */
  languages: string[];
  timeZone: string;
  viewport: { width: number; height: number };
}

/** What a host keeps of an identity for ever; the rest follows the Chromium that is installed. */
export type Preferences = Pick<Identity, "languages" | "timeZone" | "viewport">;

export const defaultPreferences: Preferences = {
  languages: ["en-US", "en"],
  timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
  viewport: { width: 1366, height: 768 },
};

/** What is claimed where no Chromium is installed: the version this was last tried with. */
const CHROMIUM_MAJOR_WITHOUT_BROWSER = 156;

/** The same as the installed Chromium says of itself, but for the word Headless. */
export function createIdentity(chromiumMajor: number | null, preferences: Preferences): Identity {
  const major = chromiumMajor ?? CHROMIUM_MAJOR_WITHOUT_BROWSER;
  const { system, platform } = platformOf(process.platform);
  return {
    ...preferences,
    userAgent: `Mozilla/5.0 (${system}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${major}.0.0.0 Safari/537.36`,
    brands: chromiumBrands(major),
    platform,
  };
}

function platformOf(os: NodeJS.Platform): { system: string; platform: string } {
  if (os === "darwin") return { system: "Macintosh; Intel Mac OS X 10_15_7", platform: "macOS" };
  return { system: "X11; Linux x86_64", platform: "Linux" };
}

/**
 * The brand list with its made-up member, which changes with each version.
 * Source: Chromium, components/embedder_support/user_agent_utils.cc (GetGreasedUserAgentBrandVersion, ShuffleBrandList).
 */
function chromiumBrands(major: number): { brand: string; version: string }[] {
  const characters = [" ", "(", ":", "-", ".", "/", ")", ";", "=", "?", "_"];
  const versions = ["8", "99", "24"];
  const at = (list: readonly string[], index: number) => list[index % list.length] ?? "";
  const madeUp = {
    brand: `Not${at(characters, major)}A${at(characters, major + 1)}Brand`,
    version: at(versions, major),
  };
  const chromium = { brand: "Chromium", version: String(major) };
  return major % 2 === 0 ? [madeUp, chromium] : [chromium, madeUp];
}

/** Headers of a navigation, in Chromium's order and with what it leaves out over plain http. */
export function navigationHeaders(identity: Identity, url: URL): [name: string, value: string][] {
  const trustworthy = url.protocol === "https:" || /^(127\.|localhost$|\[::1\]$)/.test(url.hostname);
  const hints: [string, string][] = [
    ["sec-ch-ua", identity.brands.map(({ brand, version }) => `"${brand}";v="${version}"`).join(", ")],
    ["sec-ch-ua-mobile", "?0"],
    ["sec-ch-ua-platform", `"${identity.platform}"`],
  ];
  const fetchMetadata: [string, string][] = [
    ["Sec-Fetch-Site", "none"],
    ["Sec-Fetch-Mode", "navigate"],
    ["Sec-Fetch-User", "?1"],
    ["Sec-Fetch-Dest", "document"],
  ];
  return [
    ...(trustworthy ? hints : []),
    ["Upgrade-Insecure-Requests", "1"],
    ["User-Agent", identity.userAgent],
    [
      "Accept",
      "text/html,application/xhtml+xml,application/xml;q=0.9,image/jxl,image/avif,image/webp,image/apng,*/*;q=0.8,application/signed-exchange;v=b3;q=0.7",
    ],
    ...(trustworthy ? fetchMetadata : []),
    ["Accept-Encoding", trustworthy ? "gzip, deflate, br, zstd" : "gzip, deflate"],
    ["Accept-Language", acceptLanguage(identity.languages)],
  ];
}

/** "en-US,en;q=0.9" */
function acceptLanguage(languages: readonly string[]): string {
  return languages
    .map((language, index) => (index === 0 ? language : `${language};q=${Math.max(1, 10 - index) / 10}`))
    .join(",");
}

/** Major version of an installed Chromium; null if it does not say one. */
export async function chromiumMajorVersion(chromiumPath: string, logger: Logger): Promise<number | null> {
  try {
    const { stdout } = await promisify(execFile)(chromiumPath, ["--version"], { timeout: 10_000 });
    const major = /(\d+)\.\d+\.\d+\.\d+/.exec(stdout)?.[1];
    if (major !== undefined) return Number(major);
    logger.warn("Chromium does not say its version", { path: chromiumPath, said: stdout.slice(0, 200) });
  } catch (error) {
    // Whether it can be used at all shows when it is first needed.
    logger.warn("Chromium could not be asked its version", { path: chromiumPath, error: messageOf(error) });
  }
  return null;
}
