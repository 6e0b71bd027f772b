/**
 * The framing of TradingView's socket: each message is `~m~{length}~m~{payload}`, where the length counts UTF-16 units,
 * several may come in one websocket message, and one may be split over several. A payload is JSON, or `~h~{n}`: a
 * heartbeat that has to be sent back as it came.
 */
const MARK = "~m~";
/** Above what any real message has; a garbled length must not make us wait for gigabytes. */
const LONGEST_PAYLOAD = 16 * 2 ** 20;
const MOST_DIGITS = 8;

export function frame(payload: string): string {
  return `${MARK}${payload.length}${MARK}${payload}`;
}

export interface FrameDecoder {
  /** The payloads that are complete now. What is not understood is counted and skipped up to the next message. */
  push(text: string): string[];
  readonly badFrames: number;
}

export function createFrameDecoder(): FrameDecoder {
  let rest = "";
  let badFrames = 0;
  /** A stretch of nonsense counts once, however many places in it look like a beginning. */
  let isSkipping = false;
  return {
    get badFrames() {
      return badFrames;
    },
    push(text) {
      const all = rest === "" ? text : rest + text;
      const payloads: string[] = [];
      let at = 0;
      while (at < all.length) {
        const read = readFrame(all, at);
        if (read === "incomplete") break;
        if (typeof read === "number") {
          if (!isSkipping) badFrames++;
          isSkipping = true;
          at = read;
          continue;
        }
        isSkipping = false;
        payloads.push(read.payload);
        at = read.end;
      }
      rest = all.slice(at);
      return payloads;
    },
  };
}

/** A frame; where to look for the next one after a bad one; or that the rest has not come yet. */
function readFrame(all: string, at: number): { payload: string; end: number } | number | "incomplete" {
  if (!all.startsWith(MARK, at)) {
    return MARK.startsWith(all.slice(at)) ? "incomplete" : nextMark(all, at);
  }
  const digits = at + MARK.length;
  const digitsEnd = all.indexOf(MARK, digits);
  if (digitsEnd === -1) {
    return all.length - digits <= MOST_DIGITS + MARK.length ? "incomplete" : nextMark(all, digits);
  }
  const lengthText = all.slice(digits, digitsEnd);
  const length = Number(lengthText);
  if (!/^\d{1,8}$/.test(lengthText) || length > LONGEST_PAYLOAD) return nextMark(all, digits);

  const start = digitsEnd + MARK.length;
  const end = start + length;
  if (end > all.length) {
    // Another message before this one's end: its length was wrong.
    const next = all.indexOf(MARK, start);
    return next === -1 ? "incomplete" : next;
  }
  const follows = all.slice(end, end + MARK.length);
  if (!MARK.startsWith(follows)) return nextMark(all, start);
  return { payload: all.slice(start, end), end };
}

/** A mark may be cut off at the end. */
function nextMark(all: string, from: number): number {
  const found = all.indexOf(MARK, from);
  if (found !== -1) return found;
  for (let kept = MARK.length - 1; kept > 0; kept--) {
    if (all.length - kept >= from && all.endsWith(MARK.slice(0, kept))) return all.length - kept;
  }
  return all.length;
}
