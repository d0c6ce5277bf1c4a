// What came, as text that is the same each time.
//
// Only what depends on inodes and birth times, or on chance, is replaced: in an
// event id (spoolcast.spool(5)) the file of a channel and how far the one before it
// was read, by names that are the same for the same thing in a scene, and by request
// a hint when to come back, which has to lie in its range.  The seal of an id is
// checked, and all else is as it came.

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const MARK_START = 4;
const MARK_LOST = 5;
const MARK_SHORT = 15;
const MARK_LONG = 23;
const RUN = 40;
const MASK = (1n << 64n) - 1n;

function mix(value) {
  value ^= value >> 33n;
  value = (value * 0xff51afd7ed558ccdn) & MASK;
  value ^= value >> 33n;
  value = (value * 0xc4ceb9fe1a85ec53n) & MASK;
  return value ^ (value >> 33n);
}

// seal(marks): the two characters before these marks.
export function seal(marks) {
  let hash = 0xcbf29ce484222325n;
  for (const byte of Buffer.from(marks, "latin1"))
    hash = ((hash ^ BigInt(byte)) * 0x100000001b3n) & MASK;
  const bits = Number(mix(hash) >> 52n);
  return DIGITS[bits >> 6] + DIGITS[bits & 63];
}

function number(digits) {
  return [...digits].reduce((n, c) => n * 64 + DIGITS.indexOf(c), 0);
}

// show(text): printable, with long runs of one character counted.
function show(text) {
  return text
    .replace(/[\\\r]|[^ -~]/g, (c) => c === "\\" ? "\\\\" : c === "\r" ? "\\r"
      : `\\x${c.charCodeAt(0).toString(16).padStart(2, "0")}`)
    .replace(new RegExp(`(\\\\x..|.)\\1{${RUN},}`, "g"), (run, one) =>
      `{${one} ${run.length / one.length} times}`);
}

export class Shown {
  #files = new Map(); // of each channel
  #before = new Map();
  #known = new Set();

  #name(map, key, word) {
    if (!map.has(key)) map.set(key, `${word}${map.size + 1}`);
    return map.get(key);
  }

  #mark(text) {
    const tag = text.slice(0, MARK_START);
    if (text.length === MARK_START) return tag;
    if (text.length === MARK_LOST) return `${tag} lost=${text[4]}`;
    if (text.length < MARK_SHORT || text.length > MARK_LONG)
      return `bad mark of ${text.length} bytes`;
    if (!this.#files.has(tag)) this.#files.set(tag, new Map());
    const file = this.#name(this.#files.get(tag), text.slice(4, 8), "file");
    const check = text.slice(8, 11);
    const split = text.length === MARK_LONG ? 17 : 14;
    const before = text.slice(11, split);
    const told = number(before) === 0 ? "-"
      : this.#name(this.#before, before, "before");
    return `${tag} ${file} ${check} ${told} @${number(text.slice(split))}` +
      (text.length === MARK_LONG ? "" : " short");
  }

  // An id that came.
  id(text) {
    const [sealed, ...own] = text.split("~");
    const marks = sealed.slice(2);
    const word = seal(marks) === sealed.slice(0, 2) ? "id" : "unsealed";
    this.#known.add(sealed);
    return `{${word} ${marks.split(".").map((m) => this.#mark(m)).join(", ")}}` +
      own.map((part) => `~${show(part)}`).join("");
  }

  // An id that is sent, which may be anything.
  claim(text) {
    return this.#known.has(text.split("~")[0]) ? this.id(text)
      : `{another, of ${text.length} bytes}`;
  }

  // text(bytes, range): a line of the result for each line, behind "| ", or behind
  // "/ " if it has no end.
  text(bytes, range) {
    const lines = bytes.split("\n");
    const rest = lines.pop();
    const shown = lines.map((line) => line === "" ? "|" : `| ${this.#line(line, range)}`);
    if (rest !== "") shown.push(`/ ${this.#line(rest, range)}`);
    return shown.map((line) => line.replace(/ $/, "\\x20"));
  }

  #line(line, range) {
    const [, name, id, end] = /^(id: |Last-Event-ID: )([^\r]*)(\r?)$/.exec(line) ?? [];
    if (name) return name + this.id(id) + show(end);
    const [, ms] = /^retry: (\d+)$/.exec(line) ?? [];
    if (ms && range && ms >= range[0] && ms <= range[1])
      return `retry: {${range[0]} to ${range[1]}}`;
    return show(line);
  }

  // A variable of a request.
  variable(name, value) {
    return name === "HTTP_LAST_EVENT_ID" ? `${name}=${this.claim(value)}`
      : `${name}=${this.plain(value)}`;
  }

  // The first line of a request, whose query may have an id.
  request(line) {
    return line.replace(/((?:lastE|last_e|evs_last_e)vent_?[Ii]d=)([^&]*)/g,
      (all, key, id) => key + this.claim(id));
  }

  plain(text) {
    return text.split("\n").map(show).join("\\n");
  }
}
