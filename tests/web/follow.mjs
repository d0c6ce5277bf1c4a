// follow.mjs --url URL --expect FILE [--reader NAME] [--progress FILE]
//     [--deadline S]
//
// A reader (a row of readers.mjs, npm's eventsource by itself) gets the lines of
// FILE from URL, however often a response ends meanwhile.  The
// number of lines got and of responses opened is kept in the --progress file.
// The page is native.html, which the test has put beside the URL's first
// folder, at the top of the web server.
//
// Prints one JSON line of counts; exits 1 unless it got exactly the lines of
// FILE, in order, once each, and nothing else.
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { Ledger, readLines } from "./ledger.mjs";
import { isCursor } from "./cursor.mjs";
import { readers } from "./readers.mjs";

const { values: options } = parseArgs({
  options: {
    url: { type: "string" },
    expect: { type: "string" },
    reader: { type: "string", default: "eventsource 3" },
    progress: { type: "string" },
    deadline: { type: "string", default: "60" },
  },
});
const ledger = new Ledger(readLines(options.expect));
const counts = { opens: 0, gaps: 0, others: 0 };

function saveProgress() {
  if (options.progress === undefined) return;
  writeFileSync(options.progress, `${ledger.events} ${counts.opens}\n`);
}

function note(type, data) {
  if (type === "open") counts.opens++;
  else if (type === "message") ledger.got(data);
  else if (type === "spoolcast.gap") counts.gaps++;
  else if (!isCursor(type)) counts.others++;
}

function report() {
  saveProgress();
  process.stdout.write(`${JSON.stringify({
    events: ledger.events,
    ...counts,
    duplicates: ledger.duplicates,
    missing: ledger.missing,
    unknown: ledger.unknown,
  })}\n`);
  return ledger.exact && counts.gaps === 0 && counts.others === 0 ? 0 : 1;
}

const end = Date.now() + Number(options.deadline) * 1000;
const close = await readers[options.reader]({
  stream: options.url,
  onOpen: () => note("open", ""),
  onEvent: note,
  onClosed: () => {},
});
while (!ledger.complete && Date.now() < end) {
  saveProgress();
  await new Promise((resolve) => { setTimeout(resolve, 30); });
}
await close();
process.exit(report());
