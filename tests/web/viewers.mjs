// viewers.mjs --url URL --expect FILE [--viewers N] [--kill-random M]
//     [--seed N] [--retry-cap MS] [--deadline S] [--progress FILE]
//
// N viewers at once, each with its own connection and strict parser.  Each
// comes back after the stream's retry hint (at most MS) whatever ended it,
// with the id of the last event it got, until it has got the last line of
// FILE.  M of them cut their own connection once, each after a number of
// events drawn from the seed.  The running total of events is kept in the
// --progress file, beside how many viewers have been let in at least once.
//
// Prints one JSON line of counts; exits 1 unless every viewer got exactly the
// lines of FILE, in order, once each, and nothing else.
import { writeFileSync } from "node:fs";
import http from "node:http";
import { parseArgs } from "node:util";
import { createParser } from "eventsource-parser";
import { Ledger, readLines } from "./ledger.mjs";
import { between, pickSeed, seeded } from "./random.mjs";
import { isCursor } from "./cursor.mjs";

const { values: options } = parseArgs({
  options: {
    url: { type: "string" },
    expect: { type: "string" },
    viewers: { type: "string", default: "1" },
    "kill-random": { type: "string", default: "0" },
    seed: { type: "string" },
    "retry-cap": { type: "string", default: "500" },
    deadline: { type: "string", default: "60" },
    progress: { type: "string" },
  },
});

const lines = readLines(options.expect);
const seed = pickSeed(options.seed);
const random = seeded(seed);
const retryCap = Number(options["retry-cap"]);
const agent = new http.Agent({ keepAlive: false, maxSockets: Infinity });
const counts = { connections: 0, refused: 0, kills: 0, gaps: 0, errors: 0 };
const complaints = new Set();

function complain(text) {
  counts.errors++;
  if (complaints.size < 10) complaints.add(text);
}

class Viewer {
  constructor(killAt) {
    this.ledger = new Ledger(lines);
    this.killAt = killAt;
    this.lastId = undefined;
    this.retry = 1000;
    this.admitted = false;
    this.request = undefined;
    this.timer = undefined;
    this.done = false;
  }

  connect() {
    const headers = { Accept: "text/event-stream" };
    if (this.lastId !== undefined) headers["Last-Event-ID"] = this.lastId;
    counts.connections++;
    const request = http.get(options.url, { agent, headers });
    this.request = request;
    request.on("response", (response) => this.read(request, response));
    request.on("error", () => this.lost(request));
    request.on("close", () => this.lost(request));
  }

  read(request, response) {
    if (response.statusCode !== 200) {
      counts.refused++;
      response.resume();
      return;
    }
    if (!/^text\/event-stream\b/.test(response.headers["content-type"] ?? "")) {
      complain(`content type ${response.headers["content-type"]}`);
    }
    this.admitted = true;
    const decoder = new TextDecoder("utf-8", { fatal: true });
    const parser = createParser({
      onEvent: (event) => this.event(request, event),
      onRetry: (ms) => { this.retry = ms; },
      onError: (error) => complain(`parser: ${error.message}`),
    });
    response.on("data", (bytes) => {
      if (this.request !== request) return;
      try {
        parser.feed(decoder.decode(bytes, { stream: true }));
      } catch (error) {
        complain(String(error));
      }
    });
    response.on("error", () => this.lost(request));
  }

  event(request, { event, id, data }) {
    if (this.request !== request) return;
    if (id === undefined) complain("an event without an id");
    else this.lastId = id;
    if (event === undefined || event === "message") {
      this.ledger.got(data);
    } else if (event === "spoolcast.gap") {
      counts.gaps++;
    } else if (!isCursor(event)) {
      complain(`an event of type ${event}`);
    }
    if (this.ledger.complete) {
      this.finish();
    } else if (this.ledger.events === this.killAt) {
      this.killAt = undefined;
      counts.kills++;
      request.destroy();
      this.lost(request);
    }
  }

  // The connection of ${request} is over; another may be in use already.
  lost(request) {
    if (this.request !== request || this.done) return;
    this.request = undefined;
    this.timer = setTimeout(() => this.connect(), Math.min(this.retry, retryCap));
  }

  // Goes on listening: what comes after the last line is wrong too.
  finish() {
    if (this.done) return;
    this.done = true;
    running--;
    if (running === 0) report();
  }
}

const total = (what) => viewers.reduce((sum, viewer) => sum + what(viewer), 0);

function saveProgress() {
  if (options.progress === undefined) return;
  const admitted = total((v) => (v.admitted ? 1 : 0));
  writeFileSync(options.progress, `${total((v) => v.ledger.events)} ${admitted}\n`);
}

function report() {
  saveProgress();
  const good = viewers.every((v) => v.ledger.exact) && counts.gaps === 0 &&
    counts.errors === 0 && counts.kills === wantedKills;
  process.stdout.write(`${JSON.stringify({
    viewers: viewers.length,
    seed,
    events: total((v) => v.ledger.events),
    reconnects: counts.connections - viewers.length,
    ...counts,
    duplicates: total((v) => v.ledger.duplicates),
    missing: total((v) => v.ledger.missing),
    unknown: total((v) => v.ledger.unknown),
    unfinished: running,
    complaints: [...complaints],
    cpu_s: Number((process.cpuUsage().user / 1e6).toFixed(1)),
  })}\n`);
  process.exit(good ? 0 : 1);
}

const wantedKills = Number(options["kill-random"]);
const viewers = Array.from({ length: Number(options.viewers) }, (_, i) => new Viewer(
  i < wantedKills ? between(random, 1, lines.length - 1) : undefined));
let running = viewers.length;

for (const viewer of viewers) viewer.connect();
setInterval(saveProgress, 50).unref();
setTimeout(report, Number(options.deadline) * 1000);
