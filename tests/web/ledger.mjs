// Compares what one viewer got with what was written: every line exactly
// once and in order.  The lines must differ from each other.
import { readFileSync } from "node:fs";

export function readLines(file) {
  const lines = readFileSync(file, "utf8").split("\n");
  if (lines.at(-1) === "") lines.pop();
  if (new Set(lines).size !== lines.length) {
    throw new Error(`${file}: the lines are not all different`);
  }
  return lines;
}

export class Ledger {
  constructor(lines) {
    this.lines = lines;
    this.next = 0;
    this.events = 0;
    this.duplicates = 0;
    this.skipped = 0;
    this.unknown = 0;
  }

  got(data) {
    this.events++;
    if (data === this.lines[this.next]) {
      this.next++;
      return;
    }
    const at = this.lines.indexOf(data);
    if (at < 0) {
      this.unknown++;
    } else if (at < this.next) {
      this.duplicates++;
    } else {
      this.skipped += at - this.next;
      this.next = at + 1;
    }
  }

  get complete() {
    return this.next === this.lines.length;
  }

  get missing() {
    return this.skipped + this.lines.length - this.next;
  }

  get exact() {
    return this.missing === 0 && this.duplicates === 0 && this.unknown === 0;
  }
}
