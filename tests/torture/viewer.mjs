// A restless viewer: it reads some events through some door of the web server,
// cuts the connection or is cut off, and comes back with the id of the last
// event it got, through another door.
import http from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { createParser } from "../web/parser.mjs";
import { between } from "../web/random.mjs";
import { Ledger } from "./ledger.mjs";
import { ownerOf, textOf, typeOf } from "./texts.mjs";
import { isCursor } from "../web/cursor.mjs";

const agent = new http.Agent({ keepAlive: false, maxSockets: Infinity });

export class Viewer {
  // ${stage}: { doors, archive, writers, vanishing, torn, figures, history };
  // ${asks}: what it asks for.
  constructor(name, stage, { asks, channels, isFromStart, random }) {
    const writersOf = new Map(channels.map((channel) => [channel,
      [...stage.writers.values()].filter((w) => w.channel === channel).map((w) => w.name)]));
    Object.assign(this, { name, stage, asks, random });
    this.ledger = new Ledger(name, writersOf, isFromStart, stage.vanishing);
    this.lastId = undefined;
    this.isCalm = false;
    this.isDone = false;
    this.turn = 0;
    this.request = undefined;
  }

  get isAdmitted() {
    return this.lastId !== undefined;
  }

  async run() {
    while (!this.isDone) {
      await this.listen();
      if (this.isDone) break;
      this.stage.figures.count("reconnects");
      await pause(this.absence());
    }
  }

  // Mostly short; sometimes so long that what was next may be gone.
  absence() {
    if (this.isCalm || this.random() < 0.9) return between(this.random, 1, 200);
    return between(this.random, 1000, 4000);
  }

  stop() {
    this.isDone = true;
    this.request?.destroy();
  }

  url() {
    const { doors } = this.stage;
    const order = this.asks[this.turn++ % this.asks.length];
    return `${doors[between(this.random, 0, doors.length - 1)]}/${order}`;
  }

  // One connection, until it ends or is cut after some events.
  listen() {
    return new Promise((resolve) => {
      const headers = { Accept: "text/event-stream" };
      if (this.lastId !== undefined) headers["Last-Event-ID"] = this.lastId;
      const url = this.url();
      const request = http.get(url, { agent, headers });
      this.stage.history.note(`${this.name} asks ${url} from ${this.lastId}`);
      const left = { events: this.isCalm ? Infinity : between(this.random, 1, 400) };
      const isSlow = !this.isCalm && this.random() < 0.2;
      const timer = setTimeout(() => request.destroy(), between(this.random, 200, 6000));
      this.request = request;
      request.on("response", (response) => this.read(request, response, left, isSlow));
      request.on("error", () => {});
      request.on("close", () => {
        clearTimeout(timer);
        this.stage.history.note(`${this.name} ended`);
        resolve();
      });
    });
  }

  read(request, response, left, isSlow) {
    response.on("error", () => {});
    if (response.statusCode !== 200) {
      // All responders of that door were killed just now.
      this.stage.figures.count(`answers of ${response.statusCode}`);
      response.resume();
      return;
    }
    const decoder = new TextDecoder("utf-8", { fatal: true });
    const parser = createParser({
      onEvent: (event) => {
        if (request.destroyed) return;
        this.event(event);
        if (--left.events <= 0) request.destroy();
      },
      onError: (error) => this.complain(`the parser says ${error.message}`),
    });
    response.on("data", (bytes) => {
      if (request.destroyed) return;
      try {
        parser.feed(decoder.decode(bytes, { stream: true }));
      } catch (error) {
        this.complain(String(error));
      }
      if (isSlow) this.dawdle(request, response);
    });
  }

  // Reads on in a while.
  dawdle(request, response) {
    response.pause();
    setTimeout(() => {
      if (!request.destroyed) response.resume();
    }, between(this.random, 10, 300));
  }

  complain(what) {
    this.ledger.complaints.push(`${this.name}: ${what}, last id ${this.lastId}`);
  }

  at(id) {
    return `${id}  at ${this.stage.history.now}`;
  }

  event({ event: type = "message", id, data }) {
    if (id === undefined) this.complain(`an event without an id: ${data}`);
    if (type === "spoolcast.gap") {
      const gap = JSON.parse(data);
      for (const channel of this.channelsOf(gap)) {
        this.ledger.gap(channel, gap, this.stage.archive.oldestKept(channel), this.at(id));
      }
    } else if (!isCursor(type)) {
      this.note(type, id, data);
    }
    this.lastId = id;
  }

  // A pattern's channel that is gone when one comes back has no name any more.
  channelsOf({ channel }) {
    if (channel !== "*" || this.stage.vanishing.length === 0) return [channel];
    return this.stage.vanishing;
  }

  note(type, id, data) {
    const owner = ownerOf(data);
    const writer = owner && this.stage.writers.get(owner.name);
    if (writer === undefined || data !== textOf(writer, owner.number) ||
        type !== typeOf(writer, owner.number) || !this.ledger.channels.has(writer.channel)) {
      if (this.stage.torn?.note(data)) return;
      this.complain(`a torn, merged or foreign record: ${type}, ${JSON.stringify(data)}, id ${id}`);
      return;
    }
    this.ledger.record(writer.channel, owner.name, owner.number, this.at(id));
  }

  // Whether it has the last of what it is owed.
  isComplete(truths) {
    for (const [channel, state] of this.ledger.channels) {
      const truth = truths.get(channel);
      for (const [name, next] of state.next) {
        if (next !== undefined && next < truth.end(name)) return false;
      }
    }
    return true;
  }
}
