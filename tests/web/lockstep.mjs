// lockstep.mjs --url URL --file FILE [--http2] [--count N] [--max BYTES]
//     [--seed N] [--deadline S] [--save FILE]
//
// One viewer of URL that is also the publisher: when the stream has said where
// it starts, it appends a record to FILE, and each further one only when the
// one before has arrived.  So a server that holds back even one byte of an
// event is found out, whichever event that is.  N records are written, in block
// form if FILE ends in .sse; their data are 1 to BYTES bytes, drawn from the
// seed.  Any certificate will do.
//
// What came is kept in the --save file.  Prints one JSON line; exits 1 unless
// each record arrived within S seconds and before the response ended.
import { appendFileSync, writeFileSync } from "node:fs";
import http from "node:http";
import http2 from "node:http2";
import https from "node:https";
import { parseArgs } from "node:util";
import { createParser } from "eventsource-parser";
import { between, pickSeed, seeded } from "./random.mjs";

const { values: options } = parseArgs({
  options: {
    url: { type: "string" },
    file: { type: "string" },
    http2: { type: "boolean", default: false },
    count: { type: "string", default: "200" },
    max: { type: "string", default: "9000" },
    seed: { type: "string" },
    deadline: { type: "string", default: "20" },
    save: { type: "string" },
  },
});
const count = Number(options.count);
const max = Number(options.max);
const isBlock = options.file.endsWith(".sse");
const seed = pickSeed(options.seed);
const random = seeded(seed);
const headers = { accept: "text/event-stream" };
const chunks = [];
let events = 0;
let line;
let timer;

function finish(fault) {
  if (options.save !== undefined) writeFileSync(options.save, Buffer.concat(chunks));
  process.stdout.write(`${JSON.stringify({ seed, events, fault })}\n`);
  process.exit(fault === undefined ? 0 : 1);
}

function expect(what) {
  clearTimeout(timer);
  timer = setTimeout(() => finish(`held back: ${what}`), Number(options.deadline) * 1000);
}

function publish() {
  const size = between(random, 1, max);
  line = `${events} ${"x".repeat(max)}`.slice(0, size);
  expect(`event ${events} of ${size} bytes`);
  appendFileSync(options.file, isBlock ? `data: ${line}\n\n` : `${line}\n`);
}

function got(data) {
  if (data !== line) finish(`event ${events} is ${data.slice(0, 40)}`);
  events++;
  if (events === count) finish();
  else publish();
}

const decoder = new TextDecoder("utf-8", { fatal: true });
const parser = createParser({
  onEvent: ({ event, data }) => {
    if (event?.startsWith("spoolcast.") !== true) got(data);
  },
  onError: (error) => finish(`parser: ${error.message}`),
});

// The opening block has the starting id.
function begins() {
  return line === undefined && /^id: .*\n\n/m.test(Buffer.concat(chunks).toString());
}

function read(stream, status) {
  if (status !== 200) finish(`status ${status}`);
  stream.on("data", (bytes) => {
    chunks.push(bytes);
    parser.feed(decoder.decode(bytes, { stream: true }));
    if (begins()) publish();
  });
  stream.on("end", () => finish("the response has ended"));
}

function openHttp2(url) {
  const session = http2.connect(url.origin, { rejectUnauthorized: false });
  session.on("error", (error) => finish(String(error)));
  const stream = session.request({ ":path": url.pathname + url.search, ...headers });
  stream.on("response", (head) => read(stream, head[":status"]));
  stream.on("error", (error) => finish(String(error)));
}

function openHttp1(url) {
  const get = url.protocol === "https:" ? https.get : http.get;
  const request = get(url, { headers, rejectUnauthorized: false });
  request.on("response", (response) => read(response, response.statusCode));
  request.on("error", (error) => finish(String(error)));
}

expect("the start of the stream");
(options.http2 ? openHttp2 : openHttp1)(new URL(options.url));
