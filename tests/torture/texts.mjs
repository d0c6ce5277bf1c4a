// What writers write.  The text of a record follows from its writer's name and
// its number, so whoever reads one can tell whether it is whole and not mixed
// with another, and whose it is.
import { seeded } from "../web/random.mjs";

const LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_,;:.!?üßé€";
const POOL_LENGTH = 65536;

const pool = (() => {
  const random = seeded(4);
  const letters = [...LETTERS];
  return Array.from({ length: POOL_LENGTH }, () =>
    letters[Math.floor(random() * letters.length)]).join("");
})();

function hash(name, number) {
  let h = 2166136261 ^ number;
  for (let i = 0; i < name.length; i++) h = Math.imul(h ^ name.charCodeAt(i), 16777619);
  return h >>> 0;
}

// The text of record ${number} of ${writer}: mostly short, now and then up to
// ${writer.max} characters, in several lines if ${writer.lines}.
export function textOf(writer, number) {
  const random = seeded(hash(writer.name, number));
  const longest = random() < 0.95 ? Math.min(200, writer.max) : writer.max;
  const length = Math.floor(random() * longest);
  const at = Math.floor(random() * (POOL_LENGTH - length));
  let filler = pool.slice(at, at + length);
  if (writer.lines) filler = filler.replace(/[^,;]{40,}?[,;]/g, "$&\n");
  return `${writer.name} ${number} ${filler} end`;
}

// The type of that record.
export function typeOf(writer, number) {
  return writer.typed ? `kind-${number % 5}` : "message";
}

// Whose record ${text} says it is: { name, number }, or undefined.
export function ownerOf(text) {
  const found = /^([a-z0-9-]+) ([1-9][0-9]*) /.exec(text);
  if (found === null) return undefined;
  return { name: found[1], number: Number(found[2]) };
}
