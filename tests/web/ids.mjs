// ids.mjs FOLDER NAME FILE: makes the ids of all events of the channel NAME, as
// spoolcast.spool(5) says, from nothing but the segments, whose newest is FILE
// in FOLDER; prints one id a line, the oldest record's first.

import { existsSync, readFileSync, statSync } from "node:fs";

const [folder, name, base] = process.argv.slice(2);
const DIGITS =
  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const WORD = (1n << 64n) - 1n;

function fnv(bytes, hash = 0xcbf29ce484222325n) {
  for (const byte of bytes) {
    hash = ((hash ^ BigInt(byte)) * 0x100000001b3n) & WORD;
  }
  return hash;
}

function mix(x) {
  x ^= x >> 33n;
  x = (x * 0xff51afd7ed558ccdn) & WORD;
  x ^= x >> 33n;
  x = (x * 0xc4ceb9fe1a85ec53n) & WORD;
  return x ^ (x >> 33n);
}

const first = (x, bits) => mix(x) >> BigInt(64 - bits);

function digits(value, count) {
  let text = "";
  for (; count > 0 || value > 0n; count--, value >>= 6n) {
    text = DIGITS[Number(value & 63n)] + text;
  }
  return text;
}

function segments() {
  const found = [];
  for (let n = 0; ; n++) {
    const path = `${folder}/${base}${n > 0 ? `.${n}` : ""}`;
    if (!existsSync(path)) {
      return found;
    }
    const st = statSync(path, { bigint: true });
    found.unshift({
      bytes: readFileSync(path),
      ino: st.ino,
      birth: st.birthtimeNs,
    });
  }
}

function mark(segment, before, offset) {
  const near = Math.min(32, offset);
  const check = fnv(
    segment.bytes.subarray(offset - near, offset),
    fnv(segment.bytes.subarray(0, near)),
  );
  const rest = before
    ? [[(mix(before.ino) % 262143n) + 1n + BigInt(before.bytes.length), 6], [BigInt(offset), 6]]
    : [[0n, 3], [BigInt(offset), 1]];
  return (
    digits(first(fnv(Buffer.from(name)), 24), 4) +
    digits(first(segment.ino, 12), 2) +
    digits(segment.birth && (first(segment.birth, 12) || 1n), 2) +
    digits(first(check, 18), 3) +
    rest.map(([number, count]) => digits(number, count)).join("")
  );
}

let before = null;
for (const segment of segments()) {
  const text = segment.bytes.toString("latin1");
  const end = /\.(sse|d\.log)$/.test(base) ? "\n\n" : "\n";
  let at = 0;
  for (;;) {
    const stop = text.indexOf(end, at);
    if (stop === -1) {
      break;
    }
    at = stop + end.length;
    const marks = mark(segment, before, at);
    console.log(
      digits(first(fnv(Buffer.from(marks)), 12), 2) + marks,
    );
  }
  before = segment;
}
