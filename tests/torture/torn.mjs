// Records that are not whole because their writer was killed within its write:
// Linux looks for SIGKILL between two pages of it.  What is written next may
// stand behind such a piece, in one line with it.
import { ownerOf, textOf } from "./texts.mjs";

export class Torn {
  constructor(writers) {
    this.writers = writers;
    this.noted = [];
    this.told = new Set();
  }

  // Whether ${text} is a whole record.
  isWhole(text) {
    const owner = ownerOf(text);
    const writer = owner && this.writers.get(owner.name);
    return writer !== undefined && text === textOf(writer, owner.number);
  }

  // Note ${text} if it may be a piece of a record, and perhaps, behind that, the
  // whole of another.  Returns whether it may.
  note(text) {
    let start = 1;
    while (start < text.length && !this.isWhole(text.slice(start))) start++;
    const next = ownerOf(text.slice(start));
    // The last letter may be in pieces, too.
    const piece = text.slice(0, start).replace(/\uFFFD+$/, "");
    if (piece === "" || this.isWhole(piece) || !this.begins(piece)) return false;
    this.noted.push({ piece, next });
    return true;
  }

  // Whether some record may begin like that.
  begins(piece) {
    const owner = ownerOf(piece);
    if (owner === undefined) {
      return [...this.writers.keys()].some((name) => name.startsWith(piece) ||
        (piece.startsWith(name) && /^ [0-9]*$/.test(piece.slice(name.length))));
    }
    const writer = this.writers.get(owner.name);
    return writer !== undefined && textOf(writer, owner.number).startsWith(piece);
  }

  // Whether a writer was killed at a record that begins like that.
  wasKilled(piece) {
    return [...this.writers.values()].some((writer) =>
      [...writer.maybe].some((number) => textOf(writer, number).startsWith(piece)));
  }

  // Once it is known who was killed at which record: a complaint for each that
  // was torn otherwise.  What stood behind a piece need not be anywhere else.
  settle(figures) {
    const complaints = [];
    for (const { piece, next } of this.noted.splice(0)) {
      const wasKilled = this.wasKilled(piece);
      if (wasKilled && next !== undefined) this.writers.get(next.name).maybe.add(next.number);
      // Each is read by many.
      if (this.told.has(piece)) continue;
      this.told.add(piece);
      if (wasKilled) figures.count("torn by a kill of publish");
      else complaints.push(`a torn, merged or foreign record: ${piece}`);
    }
    return complaints;
  }
}
