import type { Socket } from "node:net";

/** How connections leave when they do not leave directly: by proxies, or by Tor. It never falls back to leaving directly. */
export interface WayOut {
  /** @throws NoWayOutError when there is nothing to leave by; TemporaryError `network` when the site was not reached. */
  connect(host: string, port: number): Promise<Socket>;
  /**
   * The site walled the host off: from now on it is asked from another address. A page whose fetch began before the
   * last move (`performance.now()`) is about the old address, and moves nothing.
   * @returns whether the host leaves otherwise now.
   */
  moveHost(host: string, fetchBeganMs: number): boolean;
  close(): void;
}
