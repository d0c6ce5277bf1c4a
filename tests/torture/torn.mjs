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

  writerOf(owner) {
    return owner && this.writers.get(owner.name);
  }

  // Note ${text} if it is the beginning of a record, and perhaps, behind that, the
  // whole of another.  Returns whether it is.
  note(text) {
    const owner = ownerOf(text);
    const writer = this.writerOf(owner);
    if (writer === undefined) return false;
    const whole = textOf(writer, owner.number);
    let n = 0;
    while (n < text.length && text[n] === whole[n]) n++;
    // The last letter may be in pieces, too.
    const rest = text.slice(n).replace(/^\uFFFD+/, "");
    const next = ownerOf(rest);
    const other = this.writerOf(next);
    if (n === whole.length || (rest !== "" &&
        (other === undefined || rest !== textOf(other, next.number)))) return false;
    this.noted.push({ owner, next });
    return true;
  }

  // Once it is known who was killed at which record: a complaint for each that
  // was torn otherwise.  What stood behind a piece need not be anywhere else.
  settle(figures) {
    const complaints = [];
    for (const { owner: { name, number }, next } of this.noted.splice(0)) {
      const wasKilled = this.writers.get(name).maybe.has(number);
      if (wasKilled && next !== undefined) this.writers.get(next.name).maybe.add(next.number);
      // Each is read by many.
      if (this.told.has(`${name} ${number}`)) continue;
      this.told.add(`${name} ${number}`);
      if (wasKilled) figures.count("torn by a kill of publish");
      else complaints.push(`a torn, merged or foreign record: ${name} ${number}`);
    }
    return complaints;
  }
}
