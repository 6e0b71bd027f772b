import {
  BlockedError,
  LayoutChangedError,
  NoWayOutError,
  PermanentError,
  RateLimitedError,
  TemporaryError,
} from "@pricefleet/contracts";
import { describe, expect, it } from "vitest";
import { decideFate } from "./decide-fate.ts";

describe("the class of an error decides the fate of its target", () => {
  it("a permanent error fails the target at its first attempt", () => {
    expect(decideFate(new PermanentError("gone", "404"), 1, 0.5)).toEqual({
      to: "failed",
      failure: { errorClass: "permanent", reason: "gone", message: "404" },
    });
  });

  it("a temporary error is tried again later and later, and is dead after the fifth attempt", () => {
    const fates = [1, 2, 3, 4, 5].map((attempt) =>
      decideFate(new TemporaryError("network", "reset"), attempt, 0.5),
    );
    expect(fates.map((fate) => (fate.to === "later" ? fate.delayMs : fate.to))).toEqual([
      2000,
      4000,
      8000,
      16000,
      "dead",
    ]);
  });

  it("targets that failed together do not come back together", () => {
    const delayAt = (chance: number) => decideFate(new TemporaryError("network", "reset"), 1, chance);
    expect(delayAt(0)).toMatchObject({ delayMs: 1000 });
    expect(delayAt(1)).toMatchObject({ delayMs: 3000 });
  });

  it("a wall closes the host and never uses up the target's attempts", () => {
    expect(decideFate(new BlockedError("captcha", "prove that you are human"), 1_000, 0.5)).toMatchObject({
      to: "later-with-host-closed",
      askedForMs: null,
    });
  });

  it("without a proxy or Tor to leave by nothing reached the site: the target waits, and its host stays open", () => {
    expect(decideFate(new NoWayOutError("tor-down", "Tor cannot be used"), 1_000, 0.5)).toEqual({
      to: "later-when-there-is-a-way-out",
      failure: { errorClass: "temporary", reason: "tor-down", message: "Tor cannot be used" },
      delayMs: 30_000,
    });
  });

  it("a rate limit closes the host for as long as the site asks", () => {
    const error = new RateLimitedError("rate-limited", "429", 30_000);
    expect(decideFate(error, 1_000, 0.5)).toMatchObject({ to: "later-with-host-closed", askedForMs: 30_000 });
  });

  it("a changed layout gets one second look", () => {
    const error = new LayoutChangedError("layout-changed", "no title");
    expect(decideFate(error, 1, 0.5)).toMatchObject({ to: "later" });
    expect(decideFate(error, 2, 0.5)).toMatchObject({ to: "dead" });
  });

  it("an error nobody foresaw is tried again under the name unexpected", () => {
    expect(decideFate(new TypeError("x is not a function"), 1, 0.5)).toMatchObject({
      to: "later",
      failure: { errorClass: "temporary", reason: "unexpected", message: "x is not a function" },
    });
  });
});
