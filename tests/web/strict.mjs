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

function wholeBlocks(bytes) {
  const end = bytes.lastIndexOf("\n\n");
  const whole = end < 0 ? bytes.subarray(0, 0) : bytes.subarray(0, end + 2);
  if (options.complete && whole.length !== bytes.length) {
    fault(`ends inside a block: ${JSON.stringify(String(bytes.subarray(whole.length)))}`);
  }
  return whole;
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

function checkLines(text) {
  const seen = new Set();
  for (const block of text.split("\n\n")) {
    const lines = block.split("\n").filter((l) => l !== "");
    for (const l of lines) {
      if (!line.test(l)) fault(`a line no one expects: ${JSON.stringify(l)}`);
    }
    if (!lines.some((l) => l.startsWith("data:"))) continue;
    const ids = lines.filter((l) => l.startsWith("id: "));
    if (ids.length !== 1) fault(`an event with ${ids.length} ids: ${JSON.stringify(block)}`);
    if (lines.some((l) => l.startsWith("event: spoolcast."))) continue;
    if (seen.has(ids[0])) fault(`an id that comes twice: ${ids[0]}`);
    seen.add(ids[0]);
  }
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
