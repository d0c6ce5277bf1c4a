// What happened how often.
export class Figures {
  counts = new Map();

  count(what, n = 1) {
    this.counts.set(what, (this.counts.get(what) ?? 0) + n);
  }

  get(what) {
    return this.counts.get(what) ?? 0;
  }

  toString() {
    return [...this.counts].sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([what, n]) => `${String(n).padStart(9)}  ${what}\n`).join("");
  }
}
