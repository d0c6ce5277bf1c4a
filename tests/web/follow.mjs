// follow.mjs --url URL --expect FILE [--browser] [--progress FILE]
//     [--deadline S]
//
// npm's eventsource, or with --browser the native one of a Chromium page, gets
// the lines of FILE from URL, however often a response ends meanwhile.  The
// number of lines got and of responses opened is kept in the --progress file.
// The page is native.html, which the test has put beside the URL's first
// folder, at the top of the web server.
//
// Prints one JSON line of counts; exits 1 unless it got exactly the lines of
// FILE, in order, once each, and nothing else.
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { EventSource } from "eventsource";
import { openBrowser } from "./browser.mjs";
import { Ledger, readLines } from "./ledger.mjs";

const { values: options } = parseArgs({
  options: {
    url: { type: "string" },
    expect: { type: "string" },
    browser: { type: "boolean", default: false },
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
  else if (type !== "spoolcast.open") counts.others++;
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

async function readInBrowser() {
  const browser = await openBrowser();
  const page = await browser.newPage();
  await page.exposeFunction("tell", (batch) => {
    for (const [type, data] of batch) note(type, data);
  });
  const url = new URL("/native.html", options.url);
  url.searchParams.set("stream", options.url);
  await page.goto(url.href);
  return () => browser.close();
}

function readInNode() {
  const source = new EventSource(options.url);
  source.onopen = () => note("open", "");
  for (const type of ["message", "spoolcast.open", "spoolcast.gap", "spoolcast.skipped"]) {
    source.addEventListener(type, (event) => note(type, event.data));
  }
  return () => source.close();
}

const end = Date.now() + Number(options.deadline) * 1000;
const close = await (options.browser ? readInBrowser() : readInNode());
while (!ledger.complete && Date.now() < end) {
  saveProgress();
  await new Promise((resolve) => { setTimeout(resolve, 30); });
}
await close();
process.exit(report());
