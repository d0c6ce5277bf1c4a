// strict.mjs [--complete] [--comments] [FILE]
//
// Reads the bytes of one event stream from FILE or standard input, prints
// {"type","id","data"} for each event and {"retry"} for each hint as JSON
// lines, and exits 1 if anything is wrong with them.
//
// Without --complete the stream may have been cut off in the middle of a
// block; what comes after the last whole block is then left out.
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { createParser } from "eventsource-parser";

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    complete: { type: "boolean", default: false },
    comments: { type: "boolean", default: false },
  },
});

const faults = [];
const fault = (text) => faults.push(text);

// Behind the last event there may be comments and hints, each a whole line.
const loose = /^(?:(?::.*|retry: [0-9]+)\n)*/u;

function wholeBlocks(bytes) {
  const end = bytes.lastIndexOf("\n\n");
  const events = end < 0 ? 0 : end + 2;
  const rest = bytes.subarray(events).toString("latin1").match(loose)[0].length;
  if (options.complete && events + rest !== bytes.length) {
    fault(`ends inside a block: ${JSON.stringify(String(bytes.subarray(events + rest)))}`);
  }
  return bytes.subarray(0, events + rest);
}

function decode(bytes) {
  if (bytes.includes(0)) fault(`a NUL at byte ${bytes.indexOf(0)}`);
  if (bytes.includes(13)) fault(`a CR at byte ${bytes.indexOf(13)}`);
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    fault("not valid UTF-8");
    return new TextDecoder().decode(bytes);
  }
}

// Narrower than the format: only what we promise to write.
const line = /^(:.*|data:(?: .*)?|event: [^\0]+|id: [A-Za-z0-9._~-]+|retry: [0-9]+)$/su;

function checkEvent(lines, seen) {
  const block = JSON.stringify(lines.join("\n"));
  if (!lines.some((l) => l.startsWith("data:"))) fault(`a blank line behind no event: ${block}`);
  if (lines.includes("event: spoolcast.beat")) {
    if (lines.some((l) => l.startsWith("id:"))) fault(`a beat with an id: ${block}`);
    return;
  }
  const ids = lines.filter((l) => l.startsWith("id: "));
  if (ids.length !== 1) fault(`an event with ${ids.length} ids: ${block}`);
  if (!lines.at(-1).startsWith("id: ")) fault(`a block that does not end with its id: ${block}`);
  if (lines.some((l) => l.startsWith("event: spoolcast."))) return;
  if (seen.has(ids[0])) fault(`an id that comes twice: ${ids[0]}`);
  seen.add(ids[0]);
}

function checkLines(text) {
  const seen = new Set();
  const blocks = text.split("\n\n").map((block) => block.split("\n"));
  for (const l of blocks.flat()) {
    if (l !== "" && !line.test(l)) fault(`a line no one expects: ${JSON.stringify(l)}`);
  }
  for (const lines of blocks.slice(0, -1)) checkEvent(lines, seen);
}

const print = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);

const parser = createParser({
  onEvent: ({ event, id, data }) => print({ type: event ?? "message", id, data }),
  onRetry: (retry) => print({ retry }),
  onComment: options.comments ? (comment) => print({ comment }) : undefined,
  onError: (error) => fault(`the parser says: ${error.message}`),
});

const text = decode(wholeBlocks(readFileSync(positionals[0] ?? 0)));
checkLines(text);
parser.feed(text);

for (const f of faults) process.stderr.write(`strict: ${f}\n`);
process.exitCode = faults.length === 0 ? 0 : 1;
