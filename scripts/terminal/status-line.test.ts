import { expect, it } from "vitest";
import { statusLine } from "./status-line.ts";

function notingOutput(isTTY: boolean) {
  const written: string[] = [];
  const output = {
    isTTY,
    columns: 20,
    write: (text: string) => written.push(text),
  } as unknown as NodeJS.WriteStream;
  return { output, written };
}

it("on a terminal the line changes in place and never wraps", () => {
  const { output, written } = notingOutput(true);
  const line = statusLine(output);
  line.show("one");
  line.show("two, which is too long for it");
  line.end();
  expect(written).toEqual(["\r\u001b[2Kone", "\r\u001b[2Ktwo, which is too l", "\n"]);
});

it("off a terminal a line is printed every two seconds, and the last one always", () => {
  const { output, written } = notingOutput(false);
  let time = 0;
  const line = statusLine(output, () => time);
  for (const [at, text] of [
    [0, "a"],
    [1_000, "b"],
    [2_000, "c"],
    [3_999, "d"],
  ] as const) {
    time = at;
    line.show(text);
  }
  line.end();
  expect(written).toEqual(["a\n", "c\n", "d\n"]);
});
