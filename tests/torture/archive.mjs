// Every segment that a channel ever had.  Each is opened when it appears and
// read when nobody can write to it any more, so what rotation has removed is
// known, too, and when it was removed.
import {
  closeSync, constants, fstatSync, openSync, readdirSync, readFileSync,
} from "node:fs";
import { Truth } from "./ledger.mjs";
import { ownerOf, textOf, typeOf } from "./texts.mjs";

// Longer than anybody takes between opening a file and writing to it.
const QUIET_MS = 5000;

// The records in ${text}: { type, data }.
const FORMS = {
  lines: (text) => text.split("\n").filter((line) => line !== "")
    .map((data) => ({ type: "message", data })),
  blocks: (text) => text.split("\n\n").map(parseBlock).filter((record) => record !== undefined),
};

function parseBlock(block) {
  const record = { type: "message", data: [] };
  for (const line of block.split("\n")) {
    if (line.startsWith("data:")) record.data.push(line.slice(line[5] === " " ? 6 : 5));
    else if (line.startsWith("event: ")) record.type = line.slice(7);
  }
  if (record.data.length === 0) return undefined;
  return { ...record, data: record.data.join("\n") };
}

export class Archive {
  // ${channels}: [{ name, dir, file, form, isExact, reasons }]
  constructor(channels, writers, torn) {
    this.torn = torn;
    this.channels = channels.filter((channel) => channel.isExact);
    this.writers = writers;
    this.segments = new Map(this.channels.map(({ name }) => [name, []]));
    this.known = new Set();
    this.complaints = new Set(); // what is kept is read more than once
  }

  // Open what is new.
  scan() {
    for (const channel of this.channels) {
      let names;
      try {
        names = readdirSync(channel.dir);
      } catch {
        continue; // A folder of spoolcast's own that is not there yet.
      }
      for (const name of names) {
        const number = name.slice(channel.file.length);
        if (!name.startsWith(channel.file) || !/^(\.[1-9][0-9]*)?$/.test(number)) continue;
        this.meet(channel, `${channel.dir}/${name}`);
      }
    }
  }

  meet(channel, path) {
    let fd;
    try {
      fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    } catch {
      return; // It was renamed just now.
    }
    const { ino, birthtimeNs } = fstatSync(fd, { bigint: true });
    const id = `${channel.name} ${ino} ${birthtimeNs}`;
    if (this.known.has(id)) {
      closeSync(fd);
      return;
    }
    this.known.add(id);
    const list = this.segments.get(channel.name);
    list.push({ fd, order: birthtimeNs, removedAt: undefined, records: undefined });
    list.sort((a, b) => (a.order < b.order ? -1 : 1));
  }

  // See what was removed; what was long ago is read and closed.
  tidy() {
    for (const channel of this.channels) {
      for (const segment of this.segments.get(channel.name)) {
        if (segment.fd === undefined) continue;
        if (segment.removedAt === undefined && fstatSync(segment.fd).nlink === 0) {
          segment.removedAt = Date.now();
        }
        if (Date.now() - segment.removedAt > QUIET_MS) this.read(channel, segment);
      }
    }
  }

  // The order of the oldest segment of ${name} that is kept now.
  oldestKept(name) {
    this.scan();
    for (const segment of this.segments.get(name) ?? []) {
      if (segment.fd !== undefined && fstatSync(segment.fd).nlink > 0) return segment.order;
    }
    return undefined;
  }

  read(channel, segment) {
    segment.records = this.parse(channel, readFileSync(segment.fd, "utf8"));
    closeSync(segment.fd);
    segment.fd = undefined;
  }

  parse(channel, text) {
    const records = [];
    for (const { type, data } of FORMS[channel.form](text)) {
      const owner = ownerOf(data);
      const writer = owner && this.writers.get(owner.name);
      if (writer?.channel !== channel.name || data !== textOf(writer, owner.number) ||
          type !== typeOf(writer, owner.number)) {
        if (this.torn.note(data)) continue;
        this.complaints.add(`on disk, ${channel.name}: ${type}, ${JSON.stringify(data)}`);
      } else {
        records.push(owner);
      }
    }
    return records;
  }

  // channel -> Truth, of what is there by now.
  truths() {
    this.scan();
    const truths = new Map();
    for (const channel of this.channels) {
      const segments = this.segments.get(channel.name).map((segment) => ({
        order: segment.order,
        records: segment.records ??
          this.parse(channel, readFileSync(`/proc/self/fd/${segment.fd}`, "utf8")),
      }));
      truths.set(channel.name, new Truth(segments, channel.reasons));
    }
    return truths;
  }
}
