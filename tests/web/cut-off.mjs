// cut-off.mjs --reader NAME --url URL --expect FILE [--cuts N] [--seed N]
//     [--deadline S] [--ready FILE] [--deaf]
//
// A reader (a row of readers.mjs) behind the relay gets the lines of FILE from
// URL while its connection is cut off N times, or with --deaf goes on without a
// byte.  The --ready file is made once it is connected.
//
// Prints one JSON line of counts; exits 1 unless it got exactly the lines of
// FILE, in order, once each, and nothing else.
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { Ledger, readLines } from "./ledger.mjs";
import { pickSeed, seeded } from "./random.mjs";
import { isCursor } from "./cursor.mjs";
import { readers } from "./readers.mjs";
import { startRelay } from "./relay.mjs";

const { values: options } = parseArgs({
  options: {
    reader: { type: "string" },
    url: { type: "string" },
    expect: { type: "string" },
    cuts: { type: "string", default: "5" },
    seed: { type: "string" },
    deadline: { type: "string", default: "60" },
    ready: { type: "string" },
    deaf: { type: "boolean", default: false },
  },
});
const target = new URL(options.url);
const lines = readLines(options.expect);
const ledger = new Ledger(lines);
const seed = pickSeed(options.seed);
const cuts = Number(options.cuts);
const bytes = lines.join("\n").length;
const relay = await startRelay({
  target,
  cuts,
  random: seeded(seed),
  low: 700,
  high: Math.max(701, Math.floor(bytes / (cuts + 1))),
  goesDeaf: options.deaf,
});
const counts = { opens: 0, gaps: 0, others: 0 };
let finish;
const finished = new Promise((resolve) => { finish = resolve; });
const timer = setTimeout(finish, Number(options.deadline) * 1000);

const end = await readers[options.reader]({
  stream: relay.origin + target.pathname + target.search,
  onOpen: () => {
    counts.opens++;
    if (options.ready !== undefined) writeFileSync(options.ready, "");
  },
  onEvent: (type, data) => {
    if (type === "message") ledger.got(data);
    else if (type === "spoolcast.gap") counts.gaps++;
    else if (!isCursor(type)) counts.others++;
    if (ledger.complete) finish();
  },
  onClosed: finish,
});
await finished;
clearTimeout(timer);
await end();
relay.close();
process.stdout.write(`${JSON.stringify({
  seed,
  events: ledger.events,
  cuts: relay.cuts,
  ...counts,
  duplicates: ledger.duplicates,
  missing: ledger.missing,
  unknown: ledger.unknown,
})}\n`);
const good = ledger.exact && counts.gaps === 0 && counts.others === 0 &&
  relay.cuts === cuts && counts.opens === cuts + 1;
process.exit(good ? 0 : 1);
