// The responders, and who kills or stops them: two that run by themselves, those that
// lighttpd starts, and its CGI programs.
import { spawn } from "node:child_process";
import { openSync, readFileSync, readdirSync, readlinkSync, statSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { between } from "../web/random.mjs";

function read(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return ""; // It has ended.
  }
}

function childrenOf(pid) {
  return read(`/proc/${pid}/task/${pid}/children`).split(" ").filter(Boolean).map(Number);
}

// Whether process ${pid} has ${path} open.
function holds(pid, path) {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => {
      try {
        return readlinkSync(`/proc/${pid}/fd/${fd}`) === path;
      } catch {
        return false; // It was closed just now.
      }
    });
  } catch {
    return false;
  }
}

const TURNS = ["taker", "serve", "taker", "spawned", "CGI"];

// Shorter than between two turns of a rough rotation: who is stopped when a new
// file comes, and still when that is cut, cannot know what was in it.
const STOP_MS = [50, 500];

export class Responders {
  constructor(stage) {
    this.stage = stage;
    this.served = [];
    this.isEnding = false;
    this.turn = 0;
    this.condemned = new Set(); // were told to end, and may still be there
    stage.sockets.forEach((socket, i) => this.serve(socket, i));
  }

  serve(socket, i) {
    const log = openSync(`${this.stage.folder}/serve-${i}.log`, "a");
    // The second one gets what time others leave, so that much happens between
    // two of its steps.
    const child = spawn("nice", ["-n", i === 0 ? "0" : "19", this.stage.program, "serve",
      "--listen", `unix:${socket}`], { stdio: ["ignore", log, log] });
    this.served[i] = child;
    child.on("close", () => {
      this.served[i] = undefined;
      if (!this.isEnding) this.serve(socket, i);
    });
  }

  // Those there are: { pid, kind }.
  list() {
    const own = this.served.filter(Boolean).map(({ pid }) => ({ pid, kind: "serve" }));
    const started = childrenOf(this.stage.lighttpd).map((pid) => ({
      pid,
      kind: /(^|\0)REQUEST_METHOD=/.test(read(`/proc/${pid}/environ`)) ? "CGI" : "spawned",
    }));
    return [...own, ...started];
  }

  // Who holds the lock of those that take from pipes and drop folders.
  taker() {
    let ino;
    try {
      ({ ino } = statSync(`${this.stage.spool}/.spoolcast/sources`));
    } catch {
      return undefined;
    }
    const line = read("/proc/locks").split("\n")
      .find((l) => l.includes("FLOCK") && l.includes(`:${ino} `) && !l.includes("->"));
    return line && Number(line.trim().split(/\s+/)[4]);
  }

  // A pipe that nobody holds open loses what is in it: that is what pipes do.
  mayGo(victim, all) {
    const { pipe } = this.stage;
    return pipe === undefined ||
      all.some(({ pid }) => pid !== victim.pid && !this.condemned.has(pid) && holds(pid, pipe));
  }

  // One of the kind whose turn it is, if there is one.
  choose(all, taker, random) {
    const kind = TURNS[this.turn++ % TURNS.length];
    const those = all.filter((one) => (one.pid === taker ? "taker" : one.kind) === kind);
    const from = those.length > 0 ? those : all;
    return from[between(random, 0, from.length - 1)];
  }

  strike(random) {
    const all = this.list();
    const taker = this.taker();
    const victim = this.choose(all, taker, random);
    const chance = random();
    const signal = chance < 0.7 ? "SIGKILL" : chance < 0.85 ? "SIGTERM" : "SIGSTOP";
    if (victim === undefined || (signal !== "SIGSTOP" && !this.mayGo(victim, all))) return;
    if (!this.send(victim, signal)) return;
    if (signal === "SIGSTOP") {
      setTimeout(() => this.goOn(victim), between(random, ...STOP_MS));
    } else {
      this.condemned.add(victim.pid);
    }
    const kind = victim.pid === taker ? "the taker" : victim.kind;
    this.stage.figures.count(`${signal} for ${kind}`);
    this.stage.history.note(`${signal} for ${kind}, ${victim.pid}`);
  }

  goOn(victim) {
    this.stage.history.note(`SIGCONT for ${victim.pid}`);
    this.send(victim, "SIGCONT");
  }

  send({ pid }, signal) {
    try {
      return process.kill(pid, signal);
    } catch {
      return false; // It has ended by itself.
    }
  }

  async run(random) {
    while (this.stage.isOn) {
      await pause(between(random, 100, 1500));
      this.strike(random);
    }
  }

  end() {
    this.isEnding = true;
    for (const child of this.served) child?.kill("SIGTERM");
  }
}
