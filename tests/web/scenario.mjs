// scenario.mjs --reader NAME --url URL --spool FOLDER --hook PROGRAM [--seed N]
//     [--deadline S]
//
// One reader (a row of readers.mjs) goes through all that can happen to a
// stream, in the spool FOLDER behind URL: 1,000 lines, ten cuts, the responder
// killed and started again, away for nine seconds, a rotation, a file cut to
// nothing, and the end.  PROGRAM kill, start and end do that to the responder
// and the channel.
//
// Prints one JSON line of counts; exits 1 unless every line came once and in
// order, one gap was told, and the reader met the 204 at the end.
import { execFileSync } from "node:child_process";
import { appendFileSync, renameSync, truncateSync, writeFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { isCursor } from "./cursor.mjs";
import { Ledger } from "./ledger.mjs";
import { pickSeed, seeded } from "./random.mjs";
import { readers, takeIdsAtOnce } from "./readers.mjs";
import { startRelay } from "./relay.mjs";

const { values: options } = parseArgs({
  options: {
    reader: { type: "string" },
    url: { type: "string" },
    spool: { type: "string" },
    hook: { type: "string" },
    seed: { type: "string" },
    deadline: { type: "string", default: "240" },
  },
});
const seed = pickSeed(options.seed);
const file = `${options.spool}/news`;
const lines = Array.from({ length: 1000 }, (_, i) => `line ${i}: ${"x".repeat(i % 97)}`);
const ledger = new Ledger(lines);
const counts = { opens: 0, gaps: 0, others: 0 };
const hook = (verb) => execFileSync(options.hook, [verb], { stdio: "inherit" });
const target = new URL(options.url);
// No cut is within the first block: a client without an id begins anew, at the end.
const relay = await startRelay({
  target, cuts: 10, random: seeded(seed), low: 600, high: 4000,
  sparesIds: takeIdsAtOnce.includes(options.reader),
});
let isClosed = false;
let stage = "the start";
let close;

async function report() {
  process.stdout.write(`${JSON.stringify({
    reader: options.reader, seed, stage, events: ledger.events, cuts: relay.cuts,
    inside: relay.inside, ...counts, duplicates: ledger.duplicates,
    missing: ledger.missing, unknown: ledger.unknown, ends: relay.ends, isClosed,
  })}\n`);
  const isGood = ledger.exact && counts.gaps === 1 && counts.others === 0 &&
    relay.cuts === 10 && relay.inside >= 3 && relay.ends > 0;
  await close?.();
  process.exit(isGood ? 0 : 1);
}

setTimeout(report, Number(options.deadline) * 1000);

async function until(what, is) {
  stage = what;
  while (!is()) await pause(20);
}

let written = 0;
function write(count) {
  for (const line of lines.slice(written, written + count)) appendFileSync(file, `${line}\n`);
  written += count;
}
const isThere = () => ledger.next >= written;

close = await readers[options.reader]({
  stream: relay.origin + target.pathname,
  onOpen: () => { counts.opens++; },
  onEvent: (type, data) => {
    if (type === "message") ledger.got(data);
    else if (type === "spoolcast.gap") counts.gaps++;
    else if (!isCursor(type)) counts.others++;
  },
  onClosed: () => { isClosed = true; },
});
await until("the first stream", () => relay.streams > 0 && counts.opens > 0);

// A line at a time, so that the cuts come among them.
for (let n = 0; n < 400; n++) {
  write(1);
  if (n % 20 === 19) await until(`line ${written} among cuts`, isThere);
}
await until("all cuts", () => relay.cuts === 10);

hook("kill");
write(150);
hook("start");
await until("what was written while the responder was dead", isThere);

hook("kill");
write(50);
await pause(9000);
write(50);
hook("start");
await until("what was written while it was away", isThere);

renameSync(file, `${file}.1`);
writeFileSync(file, "");
write(200);
await until("what was written behind a rotation", isThere);

truncateSync(file, 0);
write(150);
await until("what was written to a file that was cut", isThere);
await until("the gap", () => counts.gaps > 0);
hook("end");
await until("the end", () => relay.ends > 0);
stage = "done";
await report();
