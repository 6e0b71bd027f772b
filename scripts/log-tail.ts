import { closeSync, existsSync, fstatSync, openSync, readSync } from "node:fs";

/** Gives what was appended to a log file since it was asked last, whole lines only. */
export class LogTail {
  readonly #file: string;
  #offset = 0;
  #rest = "";

  constructor(file: string) {
    this.#file = file;
  }

  newLines(): string[] {
    if (!existsSync(this.#file)) return [];
    const lines = (this.#rest + this.#readOn()).split("\n");
    this.#rest = lines.pop() ?? "";
    return lines;
  }

  #readOn(): string {
    const file = openSync(this.#file, "r");
    try {
      const bytes = Buffer.alloc(Math.max(0, fstatSync(file).size - this.#offset));
      this.#offset += readSync(file, bytes, 0, bytes.length, this.#offset);
      return bytes.toString("utf8");
    } finally {
      closeSync(file);
    }
  }
}
