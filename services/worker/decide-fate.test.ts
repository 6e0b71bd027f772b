import {
  BlockedError,
  LayoutChangedError,
  NoWayOutError,
  NotYetError,
  PermanentError,
  RateLimitedError,
  TemporaryError,
} from "@pricefleet/contracts";
import { describe, expect, it } from "vitest";
import { decideFate, hostTroubleOf } from "./decide-fate.ts";

const tried = (attempt: number, wallsMet = 0) => ({ attempt, wallsMet, recurs: false });

describe("the class of an error decides the fate of its target", () => {
  it("a permanent error fails the target at its first attempt", () => {
    expect(decideFate(new PermanentError("gone", "404"), tried(1, 0), 0.5)).toEqual({
      to: "failed",
      failure: { errorClass: "permanent", reason: "gone", message: "404" },
    });
  });

  it("a temporary error is tried again later and later, and is dead after the fifth attempt", () => {
    const fates = [1, 2, 3, 4, 5].map((attempt) =>
      decideFate(new TemporaryError("network", "reset"), tried(attempt, 0), 0.5),
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
    const delayAt = (chance: number) =>
      decideFate(new TemporaryError("network", "reset"), tried(1, 0), chance);
    expect(delayAt(0)).toMatchObject({ delayMs: 1000 });
    expect(delayAt(1)).toMatchObject({ delayMs: 3000 });
  });

  it("a wall, or a wish for patience, gives the attempt back, and its target waits longer each time", () => {
    for (const error of [
      new BlockedError("captcha", "prove that you are human"),
      new RateLimitedError("rate-limited", "429", 30_000),
    ]) {
      const waits = [0, 1, 2, 20].map((wallsMet) => decideFate(error, tried(1_000, wallsMet), 0.5));
      expect(waits).toMatchObject(
        [5_000, 10_000, 20_000, 300_000].map((delayMs) => ({ to: "later-behind-wall", delayMs })),
      );
    }
  });

  it("a page that shows nothing but walls is dead in the end, though its host may be open", () => {
    expect(decideFate(new BlockedError("captcha", "prove it"), tried(1, 29), 0.5)).toMatchObject({
      to: "dead",
      failure: { reason: "captcha" },
    });
  });

  it("a login wall is looked at five times: waiting logs nobody in", () => {
    const login = new BlockedError("login", "sign in");
    expect(decideFate(login, tried(1, 3), 0.5)).toMatchObject({ to: "later-behind-wall" });
    expect(decideFate(login, tried(1, 4), 0.5)).toMatchObject({ to: "dead", failure: { reason: "login" } });
  });

  it("without a proxy or Tor to leave by nothing reached the site: the target waits, and its host stays open", () => {
    const error = new NoWayOutError("tor-down", "Tor cannot be used");
    expect(decideFate(error, tried(1_000, 0), 0.5)).toEqual({
      to: "later-when-there-is-a-way-out",
      failure: { errorClass: "temporary", reason: "tor-down", message: "Tor cannot be used" },
      delayMs: 30_000,
    });
    expect(hostTroubleOf(error)).toEqual({ is: "none" });
  });

  it("a host without room costs no attempt", () => {
    expect(decideFate(new NotYetError("waits-for-host", "far", 700), tried(1, 0), 0.5)).toMatchObject({
      to: "not-yet",
      delayMs: 700,
    });
  });

  it("a changed layout gets one second look", () => {
    const error = new LayoutChangedError("layout-changed", "no title");
    expect(decideFate(error, tried(1, 0), 0.5)).toMatchObject({ to: "later" });
    expect(decideFate(error, tried(2, 0), 0.5)).toMatchObject({ to: "dead" });
  });

  it("an error nobody foresaw is tried again under the name unexpected", () => {
    expect(decideFate(new TypeError("x is not a function"), tried(1, 0), 0.5)).toMatchObject({
      to: "later",
      failure: { errorClass: "temporary", reason: "unexpected", message: "x is not a function" },
    });
  });
});

describe("a target that recurs never ends", () => {
  const fateOf = (error: unknown, attempt: number) =>
    decideFate(error, { attempt, wallsMet: 0, recurs: true }, 0.5);

  it.each([
    new TemporaryError("network", "reset"),
    new PermanentError("gone", "404"),
    new LayoutChangedError("layout-changed", "no price"),
    new TypeError("x is not a function"),
    new BlockedError("captcha", ""),
    new BlockedError("login", ""),
    new RateLimitedError("rate-limited", "", 600_000),
  ])("%s ends one refresh, and the next one waits 5 s for each failure in a row, at most 60 s", (error) => {
    const fates = [1, 2, 11, 12, 13, 1_000].map((failures) => fateOf(error, failures));
    expect(fates).toMatchObject(
      [5, 10, 55, 60, 60, 60].map((seconds) => ({ to: "next-refresh", delayMs: seconds * 1_000 })),
    );
  });
});

describe("what a failed attempt says of its host", () => {
  it.each([
    [new BlockedError("captcha", ""), { is: "wall", reason: "captcha", askedForMs: null }],
    [new RateLimitedError("rate-limited", "", 0), { is: "wall", reason: "rate-limited", askedForMs: 0 }],
    [new TemporaryError("overloaded", "503"), { is: "overloaded" }],
    [new TemporaryError("network", "reset"), { is: "none" }],
    [new NotYetError("waits-for-host", "", 1), { is: "none" }],
    [new PermanentError("gone", "404"), { is: "answered" }],
    [new LayoutChangedError("layout-changed", ""), { is: "answered" }],
  ])("%s", (error, trouble) => {
    expect(hostTroubleOf(error)).toEqual(trouble);
  });
});
