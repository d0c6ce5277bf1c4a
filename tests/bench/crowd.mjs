// crowd.mjs --url URL --append FILE [--viewers N] [--every MS]
//     [--restart COMMAND] [--until FILE] [--ready FILE] [--deadline S]
//
// N viewers in one process do what an EventSource does: each comes back after
// the last `retry:` it was told, with the last `id:` it got.  Meanwhile this
// appends a number to FILE every MS milliseconds, and each viewer is to get all
// numbers, from 1, in order; so URL asks for history=all.
//
// When all have been let in, the file --ready is made.  Then either COMMAND,
// which ends all streams, is run, and this waits until all are back; or it
// waits for the file --until.  It ends when all have all numbers.
//
// Prints lines of a name and a number; `arrival` is the time in milliseconds
// from COMMAND to a request, one line for each.
import { spawn } from "node:child_process";
import { appendFileSync, existsSync, writeFileSync } from "node:fs";
import http from "node:http";
import { parseArgs } from "node:util";

const { values: options } = parseArgs({
  options: {
    url: { type: "string" },
    append: { type: "string" },
    viewers: { type: "string", default: "1" },
    every: { type: "string", default: "100" },
    restart: { type: "string" },
    until: { type: "string" },
    ready: { type: "string" },
    deadline: { type: "string", default: "120" },
  },
});

const agent = new http.Agent({ keepAlive: false, maxSockets: Infinity });
const counts = { requests: 0, refused: 0, failed: 0, lost: 0, doubled: 0, wrong: 0 };
const published = []; // when number i + 1 was
const delays = [];
const arrivals = [];
let restarted; // when
let isReady = false;

class Viewer {
  next = 1;
  lastId = undefined;
  retry = 3000;
  admitted = undefined; // when last
  cutOff = undefined; // when last
  request = undefined;

  connect() {
    const now = performance.now();
    counts.requests++;
    if (restarted !== undefined) arrivals.push(now - restarted);
    const headers = { Accept: "text/event-stream" };
    if (this.lastId !== undefined) headers["Last-Event-ID"] = this.lastId;
    const request = http.get(options.url, { agent, headers });
    this.request = request;
    request.on("response", (response) => this.read(request, response));
    request.on("error", () => {
      if (this.request === request) counts.failed++;
      this.lost(request);
    });
    request.on("close", () => this.lost(request));
  }

  read(request, response) {
    if (response.statusCode !== 200) {
      counts.refused++;
      response.resume();
      return;
    }
    let text = "";
    response.setEncoding("utf8");
    response.on("error", () => this.lost(request));
    response.on("data", (part) => {
      if (this.request !== request) return;
      const blocks = (text + part).split("\n\n");
      text = blocks.pop();
      for (const block of blocks) this.block(block);
    });
    // Behind the last block there may be a hint, which counts at once.
    response.on("end", () => {
      if (this.request === request && /^(?::.*\n|retry: \d+\n)+$/.test(text)) this.block(text);
    });
  }

  // One block of the stream, as HTML has it: fields that do not matter here
  // are left out.
  block(block) {
    let type = "message";
    let data;
    for (const line of block.split("\n")) {
      const [, field, value] = /^([a-z]+): ?(.*)$/.exec(line) ?? [];
      if (field === "id") this.at(value);
      else if (field === "retry") this.retry = Number(value);
      else if (field === "event") type = value;
      else if (field === "data") data = value;
    }
    if (type === "spoolcast.gap") counts.wrong++;
    else if (type === "message" && data !== undefined) this.got(Number(data));
  }

  at(id) {
    this.lastId = id;
    this.admitted = performance.now();
  }

  got(number) {
    if (!(number >= 1 && number <= published.length)) {
      counts.wrong++;
    } else if (number < this.next) {
      counts.doubled++;
    } else {
      counts.lost += number - this.next;
      this.next = number + 1;
      const time = published[number - 1];
      if (isReady) delays.push(performance.now() - time);
    }
  }

  // The connection of ${request} is over; another may be in use already.
  lost(request) {
    if (this.request !== request) return;
    this.request = undefined;
    this.cutOff = performance.now();
    setTimeout(() => this.connect(), this.retry);
  }
}

const viewers = Array.from({ length: Number(options.viewers) }, () => new Viewer());
const end = performance.now() + Number(options.deadline) * 1000;

function publish() {
  published.push(performance.now());
  appendFileSync(options.append, `${published.length}\n`);
}

function report() {
  const print = (name, value) => process.stdout.write(`${name} ${value}\n`);
  counts.lost += viewers.reduce((sum, v) => sum + published.length + 1 - v.next, 0);
  print("events", published.length);
  print("deliveries", viewers.reduce((sum, v) => sum + v.next - 1, 0) - counts.lost);
  for (const [name, count] of Object.entries(counts)) print(name, count);
  for (const delay of delays) print("delay", delay.toFixed(1));
  for (const arrival of arrivals) print("arrival", arrival.toFixed(0));
  process.exit(0);
}

const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

async function until(what, is) {
  while (!is()) {
    if (performance.now() > end) {
      process.stderr.write(`crowd: waited too long for ${what}\n`);
      report();
    }
    await pause(20);
  }
}

for (const viewer of viewers) viewer.connect();
const publisher = setInterval(publish, Number(options.every));
await until("all to be let in", () => viewers.every((v) => v.admitted !== undefined));
isReady = true;
if (options.ready !== undefined) writeFileSync(options.ready, "");
if (options.restart !== undefined) {
  await pause(1000);
  restarted = performance.now();
  spawn("/bin/sh", ["-c", options.restart], { stdio: ["ignore", "ignore", "inherit"] });
  await until("all to be back", () => viewers.every((v) =>
    v.cutOff > restarted && v.admitted > v.cutOff));
}
if (options.until !== undefined) await until("the end", () => existsSync(options.until));
clearInterval(publisher);
await until("all to have everything", () => viewers.every((v) => v.next > published.length));
report();
