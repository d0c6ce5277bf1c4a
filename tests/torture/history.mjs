// What happened when: turns of rotation, signals, connections.  Only who looks
// for the cause of a complaint reads it.
export class History {
  lines = [];
  start = Date.now();

  get now() {
    return `${((Date.now() - this.start) / 1000).toFixed(3)} s`;
  }

  note(what) {
    this.lines.push(`${this.now}  ${what}\n`);
  }

  toString() {
    return this.lines.join("");
  }
}
