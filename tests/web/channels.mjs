// channels.mjs --url BASE --spool DIR [--viewers N] [--lines N] [--seed N]
//     [--kill-children-of PID] [--deadline S]
//
// Writes lines to five channels in random order and often in two pieces, while
// N viewers listen to all five over one connection each: two by name, three by
// a pattern that begins to match when their files appear.  Viewers cut their
// connections at random and come back with the channels in another order; the
// children of PID are killed now and then.
//
// Prints one JSON line; exits 1 unless every viewer got every line of every
// channel once, in the order of that channel, and nothing else.
import { execFileSync } from "node:child_process";
import { appendFileSync } from "node:fs";
import http from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { createParser } from "eventsource-parser";
import { between, pickSeed, seeded } from "./random.mjs";
import { isCursor } from "./cursor.mjs";

const { values: options } = parseArgs({
  options: {
    url: { type: "string" },
    spool: { type: "string" },
    viewers: { type: "string", default: "30" },
    lines: { type: "string", default: "300" },
    seed: { type: "string" },
    "kill-children-of": { type: "string" },
    deadline: { type: "string", default: "120" },
  },
});
const names = ["a", "b", "build-1", "build-2", "build-3"];
const orders = ["a,build-*,b", "b,a,build-*", "build-*,b,a"];
const lines = Number(options.lines);
const seed = pickSeed(options.seed);
const random = seeded(seed);
const agent = new http.Agent({ keepAlive: false, maxSockets: Infinity });
const complaints = [];
let connections = 0;

class Viewer {
  next = Object.fromEntries(names.map((name) => [name, 0]));
  lastId = undefined;
  turn = 0;

  get complete() {
    return names.every((name) => this.next[name] === lines);
  }

  event({ event, id, data }) {
    this.lastId = id;
    if (isCursor(event)) return;
    const [name, number] = data.split(":");
    if (event !== undefined || Number(number) !== this.next[name]) {
      complaints.push(`${event} ${data}, but ${name} is at ${this.next[name]}`);
    }
    this.next[name]++;
  }

  // One connection, until it ends or is cut after some events.
  listen() {
    return new Promise((resolve) => {
      const headers = { Accept: "text/event-stream" };
      if (this.lastId !== undefined) headers["Last-Event-ID"] = this.lastId;
      const order = orders[this.turn++ % orders.length];
      let left = between(random, 1, lines);
      const request = http.get(`${options.url}/${order}`, { agent, headers });
      const cut = () => { request.destroy(); resolve(); };
      const parser = createParser({
        onEvent: (event) => {
          if (request.destroyed) return;
          this.event(event);
          if (--left === 0 || this.complete) cut();
        },
        onError: (error) => complaints.push(error.message),
      });
      connections++;
      request.on("response", (response) => {
        if (response.statusCode !== 200) return cut();
        response.setEncoding("utf8");
        response.on("data", (text) => parser.feed(text));
        response.on("error", cut);
      });
      request.on("error", cut);
      request.on("close", resolve);
    });
  }

  async run() {
    while (!this.complete && complaints.length === 0) {
      await this.listen();
      await pause(between(random, 1, 50));
    }
  }
}

async function write() {
  const written = Object.fromEntries(names.map((name) => [name, 0]));
  const open = [...names];
  while (open.length > 0) {
    const at = between(random, 0, open.length - 1);
    const name = open[at];
    const line = `${name}:${written[name]}\n`;
    const cut = between(random, 0, line.length * 2);
    const file = `${options.spool}/${name}`;
    if (cut > 0 && cut < line.length) {
      appendFileSync(file, line.slice(0, cut));
      await pause(1);
      appendFileSync(file, line.slice(cut));
    } else {
      appendFileSync(file, line);
    }
    if (++written[name] === lines) open.splice(at, 1);
    if (random() < 0.3) await pause(between(random, 0, 4));
    if (random() < 0.003 && options["kill-children-of"] !== undefined) {
      try {
        execFileSync("pkill", ["-KILL", "-P", options["kill-children-of"]]);
      } catch {
        // It was being started anew.
      }
    }
  }
}

const viewers = Array.from({ length: Number(options.viewers) }, () => new Viewer());
const deadline = setTimeout(() => {
  complaints.push("not done in time");
  report();
}, Number(options.deadline) * 1000);

function report() {
  clearTimeout(deadline);
  console.log(JSON.stringify({
    seed,
    connections,
    complete: viewers.filter((viewer) => viewer.complete).length,
    complaints: complaints.slice(0, 5),
  }));
  process.exit(complaints.length === 0 ? 0 : 1);
}

// Everyone is there before the first line, so that all are owed all of them.
const first = viewers.map((viewer) => viewer.run());
const admitted = () => viewers.every((viewer) => viewer.lastId !== undefined);
while (!admitted() && complaints.length === 0) await pause(20);
await Promise.all([write(), ...first]);
report();
