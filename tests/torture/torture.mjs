// torture.mjs --folder T --spool DIR --program FILE --url ORIGIN --lighttpd PID
//     --socket FILE... --seconds N [--seed N] [--channels a,b] [--patience S]
//
// Everything at once, on a stage that is set already (stage.bash): writers of
// all kinds, rotation of all kinds, responders killed or stopped at random,
// viewers that come and go.  When the time is over writers stop, everything
// drains, and then every viewer must have every record once and in order, or a
// gap that accounts for just what is missing; ledger.mjs has the rules.
//
// Prints the seed, what was wrong and the figures; exits 1 if anything was wrong,
// or if anything never happened that was to happen.
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { between, pickSeed, seeded } from "../web/random.mjs";
import { Archive } from "./archive.mjs";
import { Figures } from "./figures.mjs";
import { History } from "./history.mjs";
import { Hearsay, judge, newFigures } from "./ledger.mjs";
import { planAsks, planChannels, planWriters } from "./plan.mjs";
import { Responders } from "./responders.mjs";
import { configureLogrotate, runRotator } from "./rotators.mjs";
import { Torn } from "./torn.mjs";
import { Viewer } from "./viewer.mjs";
import { runWriter } from "./writers.mjs";

const { values: options } = parseArgs({
  options: {
    folder: { type: "string" },
    spool: { type: "string" },
    program: { type: "string" },
    url: { type: "string" },
    lighttpd: { type: "string" },
    socket: { type: "string", multiple: true },
    seconds: { type: "string" },
    seed: { type: "string" },
    channels: { type: "string", default: "news,deploy,sized,brief,cut,rough,alerts,jobs" },
    patience: { type: "string", default: "60" },
  },
});

const seed = pickSeed(options.seed || undefined);
console.log(`seed ${seed}`);

// Each part draws from numbers of its own, so that none disturbs another's.
let parts = 0;
const newRandom = () => seeded(seed + 1000003 * ++parts);

const channels = planChannels(options.spool, options.channels.split(","));
const writers = planWriters(channels);
const torn = new Torn(writers);
const stage = {
  channels,
  folder: options.folder,
  spool: options.spool,
  program: options.program,
  lighttpd: Number(options.lighttpd),
  sockets: options.socket,
  // Two that take turns, those that lighttpd starts, and seldom a CGI program.
  doors: ["events", "events", "events", "spawned", "spawned", "spawned", "cgi"]
    .map((door) => `${options.url}/${door}`),
  pipe: channels.find(({ place }) => place.endsWith(".fifo"))?.place,
  writers,
  archive: new Archive(channels, writers, torn),
  torn,
  vanishing: channels.filter(({ vanishes }) => vanishes).map(({ name }) => name),
  figures: new Figures(),
  history: new History(),
  random: newRandom(),
  isOn: true,
  complaints: [],
  complain(what) {
    this.complaints.push(what.trim());
  },
};

function prepare() {
  for (const channel of channels) {
    if (channel.place.endsWith(".fifo")) execFileSync("mkfifo", [channel.place]);
    if (channel.place.endsWith(".d")) mkdirSync(channel.place);
    if (channel.rotation.includes("logrotate")) configureLogrotate(stage, channel);
  }
}

function truthsNow() {
  const truths = stage.archive.truths();
  for (const channel of channels.filter(({ isExact }) => !isExact)) {
    truths.set(channel.name, new Hearsay(writers, channel.reasons));
  }
  return truths;
}

// What was written and is in no segment: [text]
function unfound(truths) {
  const found = [];
  for (const { name, channel, last, maybe } of writers.values()) {
    const truth = truths.get(channel);
    for (let n = 1; n <= last; n++) {
      if (!maybe.has(n) && !truth.has(name, n)) found.push(`${name} ${n}`);
    }
  }
  return found;
}

// Until all is on disk and with the viewers, or nothing moves any more.
async function drain(viewers) {
  let seen = -1;
  let since = Date.now();
  for (;;) {
    const truths = truthsNow();
    stage.complaints.push(...torn.settle(stage.figures));
    const lost = unfound(truths);
    if (lost.length === 0 && viewers.every((viewer) => viewer.isComplete(truths))) return truths;
    const now = viewers.reduce((sum, { ledger }) => sum + ledger.records, 0) - lost.length;
    if (now !== seen) since = Date.now();
    else if (Date.now() - since > Number(options.patience) * 1000) return truths;
    seen = now;
    await pause(300);
  }
}

async function newcomers(viewers, until) {
  const random = newRandom();
  const [all] = planAsks(channels).filter(({ asks }) => asks[0] === "*");
  for (let i = 1; i <= 2; i++) {
    await pause(between(random, 0, until / 3));
    const viewer = new Viewer(`newcomer ${i}`, stage,
      { ...all, isFromStart: false, random: newRandom() });
    viewers.push(viewer);
    viewer.run();
  }
}

async function run(viewers, responders) {
  const forMs = Number(options.seconds) * 1000;
  const scans = setInterval(() => { stage.archive.scan(); stage.archive.tidy(); }, 50);
  let becomeQuiet;
  stage.isQuiet = new Promise((resolve) => { becomeQuiet = resolve; });
  const writing = [...writers.values()].map((writer) => runWriter(stage, writer, newRandom()));
  const trouble = channels.filter(({ rotation }) => rotation.length > 0)
    .map((channel) => runRotator(stage, channel, newRandom()));
  trouble.push(responders.run(newRandom()));
  trouble.push(newcomers(viewers, forMs));
  await pause(forMs);
  // A slow machine takes longer until all of it has happened.
  const end = Date.now() + 9 * forMs;
  while (neverHappened().length > 0 && Date.now() < end) await pause(200);
  stage.isOn = false;
  await Promise.all(trouble);
  becomeQuiet();
  await Promise.all(writing);
  for (const viewer of viewers) viewer.isCalm = true;
  const truths = await drain(viewers);
  clearInterval(scans);
  return truths;
}

// How often max_size rotated what nobody else rotates.
function rotationsBySize() {
  return channels.filter(({ rotation }) => rotation.length === 0)
    .reduce((sum, { name }) => sum + stage.archive.segments.get(name).length - 1, 0);
}

// What should have happened and did not.
function neverHappened() {
  const needed = ["reconnects", "kills of publish", "SIGKILL for serve", "SIGKILL for spawned"];
  for (const { rotation, how } of channels) {
    needed.push(...rotation.map((way) => `rotations by ${how ?? way}`));
  }
  if (needed.includes("rotations by spoolcast")) needed.push("kills of rotate");
  if (stage.pipe !== undefined) needed.push("SIGKILL for the taker");
  const missed = [...new Set(needed)].filter((what) => stage.figures.get(what) === 0);
  const hasSized = channels.some(({ rotation }) => rotation.length === 0);
  if (hasSized && rotationsBySize() <= 0) missed.push("rotations by max_size");
  return missed;
}

function report(viewers, truths) {
  const { figures } = stage;
  const found = newFigures();
  stage.complaints.push(...torn.settle(figures));
  for (const { ledger } of viewers) {
    judge(ledger, truths, found);
    figures.count("records got by viewers", ledger.records);
    stage.complaints.push(...ledger.complaints);
  }
  for (const { how, last } of writers.values()) figures.count(`records by ${how}`, last);
  for (const [reason, n] of Object.entries(found.gaps)) figures.count(`gaps (${reason})`, n);
  figures.count("rotations by max_size", rotationsBySize());
  figures.count("missing, as gaps say", found.told);
  figures.count("again, behind gaps", found.repeated);
  figures.count("missing, and no gap", found.missing);
  figures.count("viewers", viewers.length);
  for (const [name, truth] of truths) {
    stage.complaints.push(...truth.complaints.map((what) => `on disk, ${name}: ${what}`));
  }
  const lost = unfound(truths);
  if (lost.length > 0) stage.complain(`written, but in no segment: ${lost.join(", ")}`);
  stage.complaints.push(...stage.archive.complaints);
  for (const what of neverHappened()) stage.complain(`there were no ${what}`);
  // Before the figures: a reader of a part of this sees its beginning.
  writeFileSync(`${stage.folder}/complaints`, `${stage.complaints.join("\n")}\n`);
  writeFileSync(`${stage.folder}/history`, stage.history.toString());
  for (const what of stage.complaints.slice(0, 20)) console.log(`WRONG: ${what}`);
  process.stdout.write(figures.toString());
  console.log(`${stage.complaints.length} complaints, seed ${seed}`);
  return stage.complaints.length;
}

prepare();
const responders = new Responders(stage);
const viewers = planAsks(channels).map(({ asks, channels: asked }, i) =>
  new Viewer(`viewer ${i + 1} (${asks[0]})`, stage,
    { asks, channels: asked, isFromStart: true, random: newRandom() }));
for (const viewer of viewers) viewer.run();
const end = Date.now() + Number(options.patience) * 1000;
while (!viewers.every((viewer) => viewer.isAdmitted) && Date.now() < end) await pause(20);
const truths = await run(viewers, responders);
for (const viewer of viewers) viewer.stop();
responders.end();
process.exitCode = report(viewers, truths) === 0 ? 0 : 1;
