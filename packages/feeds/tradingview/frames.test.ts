import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createFrameDecoder, frame } from "./frames.ts";

const message = (n: number) => JSON.stringify({ m: "qsd", p: ["qs_1", { n: "TVC:GOLD", v: { lp: n } }] });

describe("the frames of TradingView's socket", () => {
  it("several messages in one websocket message are told apart", () => {
    expect(createFrameDecoder().push(frame(message(1)) + frame("~h~7") + frame(message(2)))).toEqual([
      message(1),
      "~h~7",
      message(2),
    ]);
  });

  it("lengths count UTF-16 units, as the site's own client does", () => {
    const text = JSON.stringify({ m: "qsd", name: "Öl — 原油 🛢" });
    expect(createFrameDecoder().push(frame(text) + frame("~h~1"))).toEqual([text, "~h~1"]);
  });

  it("however a stream is cut, the same messages come out of it", () => {
    const payload = fc.oneof(
      fc.nat().map((n) => `~h~${n}`),
      fc.jsonValue().map((value) => JSON.stringify({ m: "x", p: value }).replaceAll("~", "-")),
    );
    fc.assert(
      fc.property(fc.array(payload, { maxLength: 8 }), fc.array(fc.nat(400)), (payloads, cuts) => {
        const stream = payloads.map(frame).join("");
        const decoder = createFrameDecoder();
        const got: string[] = [];
        let at = 0;
        for (const cut of cuts) {
          got.push(...decoder.push(stream.slice(at, at + cut)));
          at += cut;
        }
        got.push(...decoder.push(stream.slice(at)));
        expect(got).toEqual(payloads);
        expect(decoder.badFrames).toBe(0);
      }),
    );
  });

  it.each([
    ["noise before it", `noise${frame(message(1))}`],
    ["a length that is no number", `~m~x1~m~${message(9)}${frame(message(1))}`],
    ["a length that is too short", `~m~5~m~${message(9)}${frame(message(1))}`],
    ["a length that is too long", `~m~500~m~${message(9)}${frame(message(1))}`],
    ["a length beyond all bounds", `~m~99999999~m~${frame(message(1))}`],
    ["a message without its end", `~m~60~m~{"m":${frame(message(1))}`],
  ])("after %s the next message is read, and the bad one counted", (_what, stream) => {
    const decoder = createFrameDecoder();
    expect(decoder.push(stream)).toEqual([message(1)]);
    expect(decoder.badFrames).toBe(1);
  });

  it("whatever bytes come, a good message after them is read", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom("~", "m", "h", "1", "9", "{", "é") }), (noise) => {
        const decoder = createFrameDecoder();
        decoder.push(noise);
        // Two, because noise may end in a length that swallows the first.
        const got = decoder.push(frame(message(1)) + frame(message(2)) + frame("~h~3"));
        expect(got).toContain("~h~3");
      }),
    );
  });
});
