// Who writes: real shells by >> and into pipes and drop folders, and `spoolcast
// publish`.  Each is told a record at a time and says when it has written it, so
// what must arrive is known to the record.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { between } from "../web/random.mjs";
import { textOf, typeOf } from "./texts.mjs";

// What the shell $0 does with each line that it reads; $1 is the place.
const SCRIPTS = {
  append: 'while IFS= read -r l; do printf "%s\\n" "$l" >>"$1" && echo ok; done',
  // One write for a whole block, which printf alone writes line by line.
  blocks: 'while IFS= read -r l; do printf "%b" "$l" | ' +
    'dd bs=64K iflag=fullblock status=none >>"$1" && echo ok; done',
  pipe: 'while IFS= read -r l; do printf "%s\\n" "$l" >"$1" && echo ok; done',
  // It stays open all the time.
  held: 'exec 3>"$1"; while IFS= read -r l; do printf "%s\\n" "$l" >&3 && echo ok; done',
  moved: 'n=0; while IFS= read -r l; do n=$((n + 1)); f=$2-$(printf %09d $n); ' +
    'printf "%b" "$l" >"$1/.$f" && mv "$1/.$f" "$1/$f" && echo ok; done',
  closed: 'n=0; while IFS= read -r l; do n=$((n + 1)); f=$2-$(printf %09d $n); ' +
    'printf "%b" "$l" >"$1/$f" && echo ok; done',
};

const escape = (text) => text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");

// What a script is to be given for a record.
const LINES = {
  append: (text) => text,
  blocks: (text, type) => escape(`event: ${type}\n${text.split("\n")
    .map((line) => `data: ${line}\n`).join("")}\n`),
  pipe: (text) => text,
  held: (text) => text,
  moved: escape,
  closed: escape,
};

class Shell {
  constructor(stage, writer) {
    this.writer = writer;
    this.process = spawn(writer.shell ?? "bash",
      ["-c", SCRIPTS[writer.how], writer.name, writer.place, writer.name],
      { stdio: ["pipe", "pipe", "pipe"] });
    this.waiting = undefined;
    createInterface({ input: this.process.stdout }).on("line", () => this.settle("written"));
    this.process.stderr.on("data", (text) => stage.complain(`${writer.name}: ${text}`));
    this.process.on("close", () => this.settle("ended"));
    this.process.stdin.on("error", () => {});
  }

  settle(how) {
    this.waiting?.(how);
    this.waiting = undefined;
  }

  write(number) {
    const { writer } = this;
    const line = LINES[writer.how](textOf(writer, number), typeOf(writer, number));
    return new Promise((resolve) => {
      this.waiting = resolve;
      this.process.stdin.write(`${line}\n`);
    });
  }

  end() {
    this.process.stdin.end();
  }
}

class Publisher {
  constructor(stage, writer) {
    Object.assign(this, { stage, writer });
  }

  // Killed sometimes: then nobody knows whether it had written.  Only those with
  // a short record are: Linux looks for SIGKILL between two pages of a write, and
  // one that is torn there is a torn record, whatever publish does.
  write(number) {
    const { writer, stage } = this;
    const text = textOf(writer, number);
    const args = ["publish"];
    if (writer.typed) args.push("-e", typeOf(writer, number));
    args.push(writer.channel);
    const child = spawn(stage.program, args, { stdio: ["pipe", "ignore", "pipe"] });
    let timer;
    if (stage.isOn && text.length < 300 && stage.random() < 0.1) {
      timer = setTimeout(() => child.kill("SIGKILL"), between(stage.random, 0, 8));
    }
    child.stdin.on("error", () => {});
    child.stdin.end(text);
    let said = "";
    child.stderr.on("data", (text) => { said += text; });
    return new Promise((resolve) => {
      child.on("close", (code, signal) => {
        clearTimeout(timer);
        if (signal === "SIGKILL") stage.figures.count("kills of publish");
        else if (said !== "") stage.complain(`${writer.name} ${number}: ${said}`);
        resolve(signal === "SIGKILL" ? "unknown" : code === 0 ? "written" : "ended");
      });
    });
  }

  end() {}
}

// The life of a writer.  ${writer.last} and ${writer.maybe} are kept up to date.
export async function runWriter(stage, writer, random) {
  const channel = stage.channels.find(({ name }) => name === writer.channel);
  const hand = writer.how === "publish" ? new Publisher(stage, writer) : new Shell(stage, writer);
  async function write() {
    const number = writer.last + 1;
    const { turns } = channel;
    const result = await hand.write(number);
    if (result === "ended") {
      stage.complain(`${writer.name} could not write ${number}`);
      return;
    }
    // What is written to a file while that is removed or rewritten may be lost.
    const isAtRisk = channel.vanishes && (turns % 2 === 1 || turns !== channel.turns);
    if (result === "unknown" || isAtRisk) writer.maybe.add(number);
    writer.last = number;
  }
  while (stage.isOn) {
    await write();
    // In fits and starts.
    if (random() < 0.7) await pause(between(random, 1, 2 * writer.everyMs));
    if (random() < 0.01) await pause(between(random, 100, 1000));
  }
  // One that nothing happens to any more.
  await stage.isQuiet;
  await write();
  hand.end();
}
