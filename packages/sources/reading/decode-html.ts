/** The HTML standard looks 1024 bytes far for a declared encoding; real heads often declare it later. */
const PRESCAN_BYTES = 8192;

const byteOrderMarks: readonly { bytes: readonly number[]; encoding: string }[] = [
  { bytes: [0xef, 0xbb, 0xbf], encoding: "utf-8" },
  { bytes: [0xff, 0xfe], encoding: "utf-16le" },
  { bytes: [0xfe, 0xff], encoding: "utf-16be" },
];

/** The text of a saved page: its byte order mark decides, then its own `<meta charset>`, then UTF-8. Never throws. */
export function decodeHtml(bytes: Uint8Array): string {
  const mark = byteOrderMarks.find((mark) => mark.bytes.every((byte, index) => bytes[index] === byte));
  return decoder(mark?.encoding ?? declaredEncoding(bytes) ?? "utf-8").decode(bytes);
}

function declaredEncoding(bytes: Uint8Array): string | undefined {
  const head = new TextDecoder("latin1").decode(bytes.subarray(0, PRESCAN_BYTES));
  const declared = /<meta[^>]+charset\s*=\s*["']?\s*([\w-]+)/i.exec(head)?.[1];
  // The declaration was readable as ASCII, so the page cannot be UTF-16; the HTML standard reads it as UTF-8.
  return declared !== undefined && /^utf-?16/i.test(declared) ? "utf-8" : declared;
}

function decoder(label: string): TextDecoder {
  try {
    return new TextDecoder(label);
  } catch (error) {
    // A page may declare an encoding that does not exist; browsers then fall back as well.
    if (error instanceof RangeError) return new TextDecoder();
    throw error;
  }
}
