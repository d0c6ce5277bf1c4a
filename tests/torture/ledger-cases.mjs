// ledger-cases.mjs CASE: feeds a ledger with made-up events and prints what it
// has to say; exits 1 if that is anything.  The channel is "c", with writers "a"
// and "b" and three segments:
//
//	0: a1 b1 a2    1: a3 b2 b3    2: a4 b4 a6
//
// a5 was never written.  A viewer that is told "a1" gets that record; "gap
// REASON RESUMED KEPT" is a gap when KEPT is the oldest segment that there is.
import { Figures } from "./figures.mjs";
import { History } from "./history.mjs";
import { Hearsay, Ledger, Truth, judge, newFigures } from "./ledger.mjs";
import { textOf } from "./texts.mjs";
import { Torn } from "./torn.mjs";
import { Viewer } from "./viewer.mjs";

const SEGMENTS = ["a1 b1 a2", "a3 b2 b3", "a4 b4 a6"];

function parse(word) {
  return { name: word[0], number: Number(word.slice(1)) };
}

function truthOf(segments, reasons, mayRepeat) {
  return new Truth(segments.map((text, order) =>
    ({ order, records: text.split(" ").map(parse) })), reasons, mayRepeat);
}

const exact = truthOf(SEGMENTS);
const replaced = truthOf(SEGMENTS, ["expired", "replaced"]);
const rewritten = truthOf(SEGMENTS, ["replaced"], true);
const hearsay = new Hearsay(new Map([
  ["a", { last: 6, maybe: new Set([5]) }], ["b", { last: 4, maybe: new Set() }]]), ["replaced"]);

// What a viewer got: [text, truth, whether it was there from the start]
const STREAMS = {
  right: ["a1 b1 a2 a3 b2 b3 a4 b4 a6"],
  duplicate: ["a1 b1 a2 a2 a3 b2 b3 a4 b4 a6"],
  loss: ["a1 b1 a2 a3 b3 a4 b4 a6"],
  "loss at the end": ["a1 b1 a2 a3 b2 b3 a4 b4"],
  "loss at the start": ["b1 a2 a3 b2 b3 a4 b4 a6"],
  nothing: [""],
  reorder: ["a1 b1 a3 a2 b2 b3 a4 b4 a6"],
  replay: ["a1 b1 a2 a3 b2 a1 b1 a2 a3 b2 b3 a4 b4 a6"],
  newcomer: ["b3 a4 b4 a6", exact, false],
  "newcomer that loses": ["a3 b3 b4 a6", exact, false],

  "gap that is right": ["a1 b1 /expired oldest 1/ a3 b2 b3 a4 b4 a6"],
  "gap at the end": ["a1 b1 a2 a3 b2 b3 a4 /expired oldest 9/"],
  "gap without need": ["a1 b1 a2 /expired oldest 0/ a3 b2 b3 a4 b4 a6"],
  "gap that passes over a segment": ["a1 b1 /expired oldest 1/ a4 b4 a6"],
  "gap into the middle of a segment": ["a1 b1 /expired oldest 1/ b2 b3 a4 b4 a6"],
  "gap before a loss": ["a1 b1 /expired oldest 1/ a3 b3 a4 b4 a6"],
  "gap after a loss": ["a1 b1 a3 /expired oldest 1/ a3 b2 b3 a4 b4 a6"],
  "gap that replays": ["a1 b1 a2 a3 /expired oldest 0/ a1 b1 a2 a3 b2 b3 a4 b4 a6"],
  "gap for a reason that is none": ["a1 b1 /unknown oldest 1/ a3 b2 b3 a4 b4 a6"],
  "gap, two in a row": ["a1 /expired oldest 1/ /expired oldest 2/ a4 b4 a6"],
  "gap (replaced) that replays":
    ["a1 b1 a2 a3 /replaced oldest 0/ a1 b1 a2 a3 b2 b3 a4 b4 a6", replaced],
  "gap (replaced) that may replay":
    ["a1 b1 a2 a3 /replaced oldest 0/ a1 b1 a2 a3 b2 b3 a4 b4 a6", rewritten],
  "gap (replaced) that replays in part":
    ["a1 b1 a2 a3 /replaced oldest 0/ a1 b1 a2 b2 b3 a4 b4 a6", rewritten],

  "bytes lost, and a gap": ["a1 b1 a2 b2 /replaced oldest/ a4 b4 a6", hearsay],
  "bytes lost without a gap": ["a1 b1 a2 b2 b3 a4 b4 a6", hearsay],
  "bytes lost behind a gap": ["a1 b1 /replaced oldest/ a2 b2 a4 b3 b4 a6", hearsay],
  "bytes that come again, and a gap": ["a1 b1 a2 /replaced oldest/ a2 b1 b2 b3 a3 a4 b4 a6", hearsay],
};

function judgeStream([text, truth = exact, isFromStart = true]) {
  const ledger = new Ledger("viewer", new Map([["c", ["a", "b"]]]), isFromStart);
  for (const step of text.match(/\/[^/]*\/|\S+/g) ?? []) {
    if (step[0] === "/") {
      const [reason, resumed, kept] = step.slice(1, -1).split(" ");
      ledger.gap("c", { reason, resumed }, Number(kept));
    } else {
      const { name, number } = parse(step);
      ledger.record("c", name, number);
    }
  }
  judge(ledger, new Map([["c", truth]]), newFigures());
  return [...ledger.complaints, ...truth.complaints];
}

// What has come as an event, as a whole viewer sees it.
// ${killed}: the numbers of records that their writer was killed at.
function judgeEvent({ killed = [], ...event }) {
  const writers = new Map([["w", { name: "w", channel: "c", max: 300, maybe: new Set(killed) }]]);
  const torn = new Torn(writers);
  const history = new History();
  const viewer = new Viewer("viewer", { writers, torn, history }, { asks: ["c"], channels: ["c"] });
  viewer.event({ id: "i", ...event });
  return [...viewer.ledger.complaints,
    ...torn.settle(new Figures()).map((what) => `viewer: ${what}`)];
}

const text = (number) => textOf({ name: "w", max: 300 }, number);
const EVENTS = {
  "whole record": { data: text(1) },
  "torn record": { data: text(1).slice(0, -1) },
  "piece of a killed writer": { data: text(1).slice(0, -1), killed: [1] },
  "piece of a killed writer, and another's record":
    { data: `${text(2).slice(0, 40)}\uFFFD${text(1)}`, killed: [2] },
  "piece too short to tell whose":
    { data: `w${text(1)}`, killed: [2] },
  "pieces of two": { data: text(2).slice(0, 40) + text(3).slice(0, 40), killed: [2, 3] },
  "merged record": { data: text(1) + text(2) },
  "record with a foreign line": { data: `${text(1)}\n${text(2)}` },
  "record of another type": { event: "other", data: text(1) },
  "record of nobody": { data: "hello" },
  "record without an id": { data: text(1), id: undefined },
};

// What is on disk itself.
const DISKS = {
  "disk with a record twice": ["a1 b1", "b1 a2"],
  "disk out of order": ["a2 b1", "a1"],
};

const name = process.argv[2];
let complaints;
if (name in STREAMS) complaints = judgeStream(STREAMS[name]);
else if (name in EVENTS) complaints = judgeEvent(EVENTS[name]);
else if (name in DISKS) complaints = truthOf(DISKS[name]).complaints;
else throw new Error(`no case ${name}`);
for (const complaint of complaints) console.log(complaint);
process.exitCode = complaints.length === 0 ? 0 : 1;
