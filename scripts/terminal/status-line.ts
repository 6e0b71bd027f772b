const PLAIN_LINE_EVERY_MS = 2_000;
/** Some terminals do not say how wide they are. */
const USUAL_WIDTH = 80;

export interface StatusLine {
  /** Shows the text in place of the one before; off a terminal, as a plain line every few seconds. */
  show(text: string): void;
  /** Leaves the last text standing and goes to the next line. */
  end(): void;
}

/** One line of a terminal that changes in place. */
export function statusLine(
  output: NodeJS.WriteStream = process.stderr,
  now: () => number = Date.now,
): StatusLine {
  let last = "";
  let plainShownAt = Number.NEGATIVE_INFINITY;
  let plainShown = "";
  return {
    show(text) {
      last = text;
      if (output.isTTY) {
        // Back to the line's start, and clear it; a text longer than the line would start new lines for ever.
        const width = output.columns > 0 ? output.columns : USUAL_WIDTH;
        output.write(`\r\u001b[2K${text.slice(0, width - 1)}`);
      } else if (text !== plainShown && now() - plainShownAt >= PLAIN_LINE_EVERY_MS) {
        plainShownAt = now();
        plainShown = text;
        output.write(`${text}\n`);
      }
    },
    end() {
      if (output.isTTY) output.write("\n");
      else if (last !== plainShown) output.write(`${last}\n`);
    },
  };
}
