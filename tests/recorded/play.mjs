// play.mjs FOLDER [SCENE...]: plays the scenes against the program $SPOOLCAST and
// writes what was said and what came, a file FOLDER/SCENE.txt each.
//
// A scene has a spool and a configuration of its own.  What it asks for stands
// behind ">" in its file, what it does meanwhile behind "!", and bytes that came
// behind "|" (a line) or "/" (one without an end).  Reads may cut them anywhere;
// FastCGI records are shown with their ids, lengths and padding where it does not
// depend on the clock how many there are.

import { spawn } from "node:child_process";
import * as fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";

import * as fcgi from "./fcgi.mjs";
import { scenes } from "./scenes.mjs";
import { Shown } from "./shown.mjs";

const PROGRAM = process.env.SPOOLCAST;
const LIMIT_MS = 30000 * (process.env.WAIT_FACTOR ?? 1);
const AT_ONCE = 4;

// Hints are exact where nothing is jittered and nobody has to be spread, and no
// heartbeat is due, however busy the machine.
const USUAL = {
  stream: { retry_jitter: "0%", reconnect_rate: 1000000, drain: "5s", heartbeat: "1h" },
};

const delay = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// A record that comes many times in a row stands there once.
function counted(lines) {
  const kept = [];
  for (const line of lines) {
    const last = kept.at(-1);
    if (last?.line === line && /^[A-Z_]+ id=/.test(line)) last.times++;
    else kept.push({ line, times: 1 });
  }
  return kept.map(({ line, times }) => times === 1 ? line
    : line.replace(/^.*/, (head) => `${head}, ${times} times`));
}

// What one peer sends and is sent: a connection, or a CGI process.
class View {
  constructor(scene, options) {
    Object.assign(this, { scene, options });
    this.entries = []; // { text } or { record }
    this.text = ""; // of the response, since the last step
    this.isOver = false;
    this.isCut = false;
    this.ids = [];
    this.wake = () => {};
    scene.views.push(this);
  }

  // ${text} is a line, or a function that makes it of what shows things.
  note(text) {
    if (!this.isOver && !this.isCut) this.entries.push({ text });
  }

  // A step that is noted; what is seen next has come after it.
  step(text) {
    this.note(text);
    this.text = "";
  }

  came(text) {
    this.text += text;
    for (const [, id] of this.text.matchAll(/^id: (.*)\n/gm))
      if (!this.ids.includes(id)) this.ids.push(id);
  }

  // The last id that came.
  get id() {
    return this.ids.at(-1);
  }

  over(text) {
    this.note(text);
    this.isOver = true;
    this.wake();
  }

  async until(what, isSo) {
    const end = Date.now() + LIMIT_MS;
    while (!isSo()) {
      if (this.isOver || Date.now() > end)
        throw new Error(`${what} has not come to\n${
          this.lines(new Shown()).join("\n")}`);
      await new Promise((resolve) => {
        const timer = setTimeout(resolve, 1000);
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  // The text that came since the last step matches.
  async see(pattern) {
    await this.until(pattern, () => pattern.test(this.text));
  }

  async end() {
    await this.until("the end", () => this.isOver);
  }

  // What comes from here on is not recorded: how often it comes is up to time.
  async cut(pattern) {
    await this.see(pattern);
    const [before] = new RegExp(`^[^]*?(?:${pattern.source})`, pattern.flags)
      .exec(this.text);
    let extra = this.text.length - before.length;
    while (extra > 0) {
      const { record } = this.entries.pop();
      if (record.text.length > extra)
        this.entries.push({ record: { ...record, text: record.text.slice(0, -extra) } });
      extra -= record.text.length;
    }
    this.note("> goes away");
    this.isCut = true;
    this.leave();
  }

  lines(shown) {
    const { title, frames = true, retry } = this.options;
    const lines = title ? [`== ${title}`] : [];
    let open; // what came in any number of pieces
    const close = () => {
      if (open !== undefined) lines.push(...shown.text(open, retry));
      open = undefined;
    };
    for (const { text, record } of this.entries) {
      const isLoose = record && !(frames && this.hasFrames) &&
        record.type === fcgi.TYPE.STDOUT && record.text !== "";
      if (!isLoose) close();
      if (text !== undefined)
        lines.push(typeof text === "function" ? text(shown) : text);
      else if (!isLoose)
        lines.push([this.head(record), ...this.body(record, shown)].join("\n"));
      else if (open === undefined) {
        lines.push(...this.hasFrames ? [`STDOUT id=${record.id}`] : []);
        open = record.text;
      } else
        open += record.text;
    }
    close();
    return counted(lines);
  }
}

class FastCgi extends View {
  hasFrames = true;

  constructor(scene, options) {
    super(scene, options);
    this.ends = 0;
    this.records = new fcgi.Records();
    this.socket = net.connect({ path: scene.socket });
    this.socket.on("data", (bytes) => this.data(bytes));
    this.socket.on("end", () => this.closed());
    this.socket.on("error", () => this.closed());
    this.socket.on("close", () => this.closed());
  }

  data(bytes) {
    for (const record of this.records.take(bytes)) {
      if (!this.isCut) this.entries.push({ record });
      if (record.type === fcgi.TYPE.STDOUT) this.came(record.text);
      if (record.type === fcgi.TYPE.END_REQUEST) this.ends++;
    }
    this.wake();
  }

  closed() {
    if (this.isOver) return;
    this.over(this.records.left > 0 ? `closed within a record` : "closed");
  }

  send(bytes) {
    this.socket.write(bytes);
  }

  leave() {
    this.socket.destroy();
    this.closed();
  }

  async ended(count = 1) {
    await this.until(`end ${count}`, () => this.ends >= count);
  }

  async abort(id = 1) {
    this.step("> ABORT_REQUEST");
    this.send(fcgi.record(fcgi.TYPE.ABORT_REQUEST, id));
    await this.end();
  }

  head({ version, type, id, padding, reserved, text }) {
    const name = Object.keys(fcgi.TYPE).find((key) => fcgi.TYPE[key] === type);
    const odd = (version !== 1 ? ` version=${version}` : "") +
      (padding !== 0 ? ` padding=${padding}` : "") +
      (reserved !== 0 ? ` reserved=${reserved}` : "");
    const isExact = !this.options.retry || type !== fcgi.TYPE.STDOUT;
    return `${name ?? type} id=${id}${isExact ? ` len=${text.length}` : ""}${odd}`;
  }

  body({ type, text }, shown) {
    if (type === fcgi.TYPE.END_REQUEST && text.length === 8) {
      const body = Buffer.from(text, "latin1");
      return [`: app=${body.readUInt32BE(0)} protocol=${body[4]}` +
        ` reserved=${body.toString("hex", 5)}`];
    }
    if (type === fcgi.TYPE.STDOUT) return shown.text(text, this.options.retry);
    return text === "" ? [] : [`: ${shown.plain(text)}`];
  }
}

class Cgi extends View {
  constructor(scene, variables, options) {
    super(scene, options);
    const env = { ...scene.env, ...options.env };
    for (const [name, value] of variables) env[name] = value;
    this.child = scene.spawn([], env);
    this.child.stdout.on("data", (bytes) => this.data(bytes));
    this.child.on("close", (code, signal) => this.over(`exit ${code ?? signal}`));
  }

  data(bytes) {
    const text = bytes.toString("latin1");
    if (!this.isCut)
      this.entries.push({ record: { type: fcgi.TYPE.STDOUT, text } });
    this.came(text);
    this.wake();
  }

  leave() {
    this.child.stdout.destroy();
    this.child.kill("SIGTERM");
  }
}

class Scene {
  constructor(name, { ini = {}, files = {}, env = {}, shell, spool = true,
    isCgi = false }) {
    this.name = name;
    this.isCgi = isCgi;
    this.shell = shell;
    this.views = [];
    this.children = new Set();
    this.made = new Set(); // series of which there was a file
    this.folder = fs.mkdtempSync(path.join(os.tmpdir(), "recorded-"));
    this.spool = path.join(this.folder, "spool");
    this.socket = path.join(this.folder, "socket");
    this.log = fs.openSync(path.join(this.folder, "log"), "a");
    this.config = path.join(this.folder, "spoolcast.ini");
    if (spool) fs.mkdirSync(this.spool);
    for (const [file, text] of Object.entries(files)) this.put(file, text);
    fs.writeFileSync(this.config, this.ini(ini));
    this.env = {
      PATH: process.env.PATH,
      TMPDIR: this.folder,
      HOME: this.folder,
      SPOOLCAST_CONFIG: this.config,
      ...env,
    };
    for (const key of Object.keys(process.env))
      if (/^(ASAN|UBSAN|LSAN)_OPTIONS$|^SPOOLCAST_(RUN|TEST)$/.test(key))
        this.env[key] = process.env[key];
  }

  ini(sections) {
    const all = structuredClone({ spool: { path: this.spool }, ...USUAL });
    for (const [section, keys] of Object.entries(sections))
      all[section] = { ...all[section], ...keys };
    return Object.entries(all).map(([section, keys]) => `[${section}]\n` +
      Object.entries(keys).map(([key, value]) => `${key} = ${value}\n`).join(""))
      .join("");
  }

  spawn(args, env) {
    const [command, words] = this.shell
      ? ["sh", ["-c", `${this.shell}; exec "$0" "$@"`, PROGRAM, ...args]]
      : [PROGRAM, args];
    const child = spawn(command, words,
      { env, stdio: ["ignore", "pipe", this.log] });
    this.children.add(child);
    child.on("exit", () => this.children.delete(child));
    return child;
  }

  async start() {
    if (this.isCgi) return;
    this.responder = this.spawn(["serve", "--listen", `unix:${this.socket}`],
      this.env);
    const end = Date.now() + LIMIT_MS;
    while (!(await this.answers())) {
      if (Date.now() > end || this.responder.exitCode !== null)
        throw new Error("the responder does not start");
      await delay(5);
    }
  }

  answers() {
    return new Promise((resolve) => {
      const socket = net.connect({ path: this.socket });
      socket.on("error", () => resolve(false));
      socket.on("connect", () => {
        socket.destroy();
        resolve(true);
      });
    });
  }

  // --- requests ----------------------------------------------------------

  // The variables of a request, as lists of name and value; null is none.
  variables(line, changes) {
    const [method, uri] = line.split(" ");
    const all = {
      REQUEST_METHOD: method,
      REQUEST_URI: uri,
      QUERY_STRING: uri.includes("?") ? uri.slice(uri.indexOf("?") + 1) : "",
      SCRIPT_NAME: "/events",
      REMOTE_ADDR: "192.0.2.1",
      HTTP_ACCEPT: "text/event-stream",
      ...changes,
    };
    return Object.entries(all).filter(([, value]) => value !== null)
      .flatMap(([name, value]) => [value].flat().map((one) => [name, one]));
  }

  // Only what is not as always stands beside the first line of a request.
  tell(view, line, changes, more = "") {
    view.step((shown) => `> ${shown.request(line)}${more}`);
    for (const [name, value] of Object.entries(changes))
      for (const one of [value].flat())
        view.note((shown) => one === null ? `> no ${name}`
          : `> ${shown.variable(name, one)}`);
  }

  // Send one request on a new connection, or on that of ${view}.
  open(line, changes = {}, options = {}, view) {
    const list = this.variables(line, changes);
    const { id = 1, keep = false, body = "", size, padding } = options;
    const one = view ?? (this.isCgi ? new Cgi(this, list, options)
      : new FastCgi(this, options));
    this.tell(one, line, changes, id === 1 ? "" : ` id=${id}`);
    if (this.isCgi) return one;
    one.send(Buffer.concat([
      fcgi.begin(id, { flags: keep ? fcgi.KEEP_CONN : 0 }),
      fcgi.params(id, fcgi.pairs(list), { size, padding }),
      ...body === "" ? [] : [fcgi.record(fcgi.TYPE.STDIN, id, body)],
      fcgi.record(fcgi.TYPE.STDIN, id),
    ]));
    return one;
  }

  // A request whose response ends by itself.
  async ask(line, changes, options) {
    const view = this.open(line, changes, options);
    await view.end();
    return view;
  }

  // A stream that stays, once ${pattern} has come.
  async stream(line, pattern, changes, options) {
    const view = this.open(line, changes, options);
    await view.see(pattern);
    return view;
  }

  // A stream that is left at once.
  async visit(line, pattern, changes, options) {
    const view = await this.stream(line, pattern, changes, options);
    await view.abort();
    return view;
  }

  // These bytes on a new connection.
  raw(title, ...parts) {
    const view = new FastCgi(this, { title });
    view.send(Buffer.concat(parts));
    return view;
  }

  // --- the spool ---------------------------------------------------------

  act(text, change) {
    for (const view of this.views) view.step(`! ${text}`);
    return change();
  }

  file(name) {
    return path.join(this.spool, name);
  }

  // Without a word in the record.
  put(name, text) {
    const series = name.replace(/\.\d+$/, "");
    if (this.made.has(series)) this.tick();
    this.made.add(series);
    fs.writeFileSync(this.file(name), text, "latin1");
  }

  // Until the file system's time is another one: ids tell the segments of a channel
  // apart by a few bits of inode and birth time.
  tick() {
    const file = path.join(this.folder, "tick");
    const touch = () => {
      fs.writeFileSync(file, "");
      return fs.statSync(file, { bigint: true }).mtimeNs;
    };
    const start = touch();
    while (touch() === start);
  }

  append(name, text) {
    this.act(`${name} gets ${JSON.stringify(text)}`,
      () => fs.appendFileSync(this.file(name), text, "latin1"));
  }

  write(name, text) {
    this.act(`${name} is ${JSON.stringify(text)}`, () => this.put(name, text));
  }

  // A whole file takes the name.
  replace(name, text) {
    this.act(`another ${name} is ${JSON.stringify(text)}`, () => {
      this.put(".new", text);
      fs.renameSync(this.file(".new"), this.file(name));
    });
  }

  rename(from, to) {
    this.act(`${from} becomes ${to}`,
      () => fs.renameSync(this.file(from), this.file(to)));
  }

  remove(name) {
    this.act(`${name} is removed`, () => fs.unlinkSync(this.file(name)));
  }

  // --- the end -----------------------------------------------------------

  async stop() {
    for (const view of this.views) view.step("! SIGTERM");
    const over = this.responder &&
      new Promise((resolve) => this.responder.on("exit", resolve));
    for (const child of this.children) child.kill("SIGTERM");
    for (const view of this.views) await view.end();
    const code = await over;
    if (code) throw new Error(`the responder exits with ${code}`);
  }

  clean() {
    for (const child of this.children) child.kill("SIGKILL");
    fs.closeSync(this.log);
    fs.rmSync(this.folder, { recursive: true, force: true });
  }

  get record() {
    const shown = new Shown();
    return this.views.map((view) => `${view.lines(shown).join("\n")}\n`)
      .join("\n").replaceAll(this.spool, "{spool}");
  }
}

async function play(folder, name, { setting, run }) {
  const scene = new Scene(name, setting);
  try {
    await scene.start();
    await run(scene);
    await scene.stop();
    fs.writeFileSync(path.join(folder, `${name}.txt`), scene.record);
  } catch (error) {
    const log = fs.readFileSync(path.join(scene.folder, "log"), "utf8");
    console.error(`scene ${name}: ${error.stack}\n${log.slice(-2000)}`);
    process.exitCode = 1;
  } finally {
    scene.clean();
  }
}

async function main([folder, ...wanted]) {
  const names = Object.keys(scenes)
    .filter((name) => wanted.length === 0 || wanted.includes(name));
  const next = async () => {
    for (let name; (name = names.shift()) !== undefined;)
      await play(folder, name, scenes[name]);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, next));
}

await main(process.argv.slice(2));
