// What one viewer got, and whether that is right.
//
// While it runs, a viewer's ledger is told of each record and each gap and keeps
// no more than what is odd about them.  When all is over, judge() compares that
// with the truth: the records of each channel in the segments in which they
// were, and which of those were removed when.
//
// The rules.  Of each writer, a viewer has every record once and in order.
// Where records are missing, a gap stands between the last one before them and
// the first one behind them, and it accounts for just them: the stream goes on
// at the first record of the oldest segment that was kept, and the place where
// the viewer was is in none.  Nothing comes again; where a file is rewritten,
// it may, behind a gap for another reason than "expired".
//
// A channel whose rotation loses bytes (copytruncate) has no truth but what was
// written; there a gap has to stand wherever something is missing or repeated.

const RECENT = 8;

class Lines {
  constructor() {
    this.kept = [];
  }

  add(line) {
    this.kept.push(line);
    if (this.kept.length > RECENT) this.kept.shift();
  }

  get text() {
    return this.kept.join("\n    ");
  }
}

export class Ledger {
  // ${writersOf}: channel -> names of its writers.  A viewer that is not there
  // from the start, or of one of ${vanishing}, is owed what follows the first
  // record of each writer.
  constructor(viewer, writersOf, isFromStart = true, vanishing = []) {
    this.viewer = viewer;
    this.complaints = [];
    this.records = 0;
    this.channels = new Map();
    for (const [channel, writers] of writersOf) {
      this.channels.set(channel, {
        next: new Map(writers.map((name) =>
          [name, isFromStart && !vanishing.includes(channel) ? 1 : undefined])),
        jumps: [],
        gaps: [],
        last: undefined,
        recent: new Lines(),
      });
    }
  }

  complain(channel, what) {
    const recent = this.channels.get(channel)?.recent.text ?? "";
    this.complaints.push(`${this.viewer}, ${channel}: ${what}\n    ${recent}`);
  }

  record(channel, name, number, id = "") {
    const state = this.channels.get(channel);
    const next = state.next.get(name);
    const gap = state.gaps.at(-1);
    this.records++;
    state.recent.add(`${name} ${number}  ${id}`);
    state.last = { name, number };
    state.next.set(name, number + 1);
    if (gap !== undefined && !gap.after.has(name)) {
      gap.after.set(name, number);
      gap.first ??= state.last;
      return;
    }
    if (next === undefined || number === next) return;
    if (number > next) {
      state.jumps.push({ name, from: next, to: number, recent: state.recent.text });
      return;
    }
    this.complain(channel, number === next - 1 ?
      `a duplicate of ${name} ${number}` : `${name} ${number} comes when ${next} is due`);
    state.next.set(name, next);
  }

  // ${kept}: the order of the oldest segment that was kept when it was read.
  gap(channel, { reason, resumed }, kept, id = "") {
    const state = this.channels.get(channel);
    if (state === undefined) {
      this.complaints.push(`${this.viewer}: a gap (${reason}) in ${channel}, which it did not ask for, id ${id}`);
      return;
    }
    state.recent.add(`gap ${reason}, resumed ${resumed}  ${id}`);
    state.gaps.push({
      reason,
      resumed,
      kept,
      before: new Map(state.next),
      after: new Map(),
      first: undefined,
      last: state.last,
      recent: state.recent.text,
    });
  }
}

// The records of ${name} from ${from} until before ${to} that there are.
function owed(truth, name, from, to) {
  const numbers = [];
  for (let n = from; n < to; n++) {
    if (truth.has(name, n)) numbers.push(n);
  }
  return numbers;
}

function range(numbers) {
  const [first, last] = [numbers[0], numbers.at(-1)];
  return first === last ? `${first}` : `${first} to ${last} (${numbers.length})`;
}

class Judgement {
  constructor(ledger, channel, truth, figures) {
    Object.assign(this, { ledger, channel, truth, figures });
    this.state = ledger.channels.get(channel);
  }

  complain(what, recent = this.state.recent.text) {
    this.ledger.complaints.push(
      `${this.ledger.viewer}, ${this.channel}: ${what}\n    ${recent}`);
  }

  missing(name, numbers, recent) {
    if (numbers.length === 0) return;
    this.figures.missing += numbers.length;
    this.complain(`${name} ${range(numbers)} missing, and no gap says so`, recent);
  }

  // Where the stream went on: a segment, or undefined if nothing says.
  resumption(gap, isLast) {
    const { truth } = this;
    if (gap.first === undefined) return isLast ? truth.indexOf(gap.kept) : undefined;
    const at = truth.segmentOf(gap.first.name, gap.first.number);
    const first = truth.segments[at]?.records[0];
    if (first === undefined) {
      this.complain(`behind a gap comes ${gap.first.name} ${gap.first.number}, ` +
        "which is in no segment", gap.recent);
      return undefined;
    }
    if (first.name !== gap.first.name || first.number !== gap.first.number) {
      this.complain(`behind a gap comes ${gap.first.name} ${gap.first.number}, but its ` +
        `segment begins with ${first.name} ${first.number}`, gap.recent);
    }
    return at;
  }

  // Nothing that was kept was passed over, and the gap was needed.
  checkNeed(gap, at) {
    const { truth } = this;
    const passed = truth.segments.slice(0, at)
      .filter((segment) => segment.order >= gap.kept && segment.records.length > 0);
    if (passed.length > 0) {
      this.complain(`a gap passed over ${passed.length} segments that were kept, from ` +
        `${passed[0].records[0].name} ${passed[0].records[0].number} on`, gap.recent);
    }
    if (gap.reason !== "expired" || gap.last === undefined) return;
    const was = truth.segmentOf(gap.last.name, gap.last.number);
    if (was !== undefined && truth.segments[was].order >= gap.kept) {
      this.complain("a gap (expired), but the segment of its place was kept", gap.recent);
    }
  }

  // Each writer goes on with its first record there.
  checkAccount(gap, at, isLast) {
    for (const [name, before] of gap.before) {
      const due = this.truth.firstFrom(name, at);
      const got = gap.after.get(name);
      if (got === undefined) {
        if (isLast) this.state.next.set(name, due ?? this.truth.end(name));
      } else if (due === undefined || got < due) {
        this.complain(`${name} ${got} comes behind a gap, from before where it resumed`,
          gap.recent);
      } else {
        this.missing(name, owed(this.truth, name, due, got), gap.recent);
      }
      if (due !== undefined && due < before) this.repeated(gap, name, due, before);
      if (due !== undefined && before !== undefined) {
        this.figures.told += owed(this.truth, name, before, due).length;
      }
    }
  }

  repeated(gap, name, due, before) {
    if (!this.truth.mayRepeat || gap.reason === "expired" || gap.resumed !== "oldest") {
      this.complain(`${name} ${due} comes again behind a gap (${gap.reason}) although ` +
        `${before} is due`, gap.recent);
    }
    this.figures.repeated += before - due;
  }

  checkGap(gap, isLast) {
    const { truth, figures } = this;
    figures.gaps[gap.reason] = (figures.gaps[gap.reason] ?? 0) + 1;
    if (!truth.reasons.includes(gap.reason)) {
      this.complain(`a gap (${gap.reason}), but nothing happens here that it tells of`,
        gap.recent);
    }
    if (!truth.isExact) return;
    const at = this.resumption(gap, isLast);
    if (at === undefined) return;
    this.checkNeed(gap, at);
    this.checkAccount(gap, at, isLast);
  }

  run() {
    const { state, truth } = this;
    for (const jump of state.jumps) {
      this.missing(jump.name, owed(truth, jump.name, jump.from, jump.to), jump.recent);
    }
    state.gaps.forEach((gap, i) => this.checkGap(gap, i === state.gaps.length - 1));
    for (const [name, next] of state.next) {
      // Who came late may have come after its last one.
      if (next === undefined) continue;
      this.missing(name, owed(truth, name, next, truth.end(name)));
    }
  }
}

// Compare ${ledger} with ${truths}: channel -> Truth.  Adds to ${figures}, and to
// the complaints of the ledger.
export function judge(ledger, truths, figures) {
  for (const channel of ledger.channels.keys()) {
    new Judgement(ledger, channel, truths.get(channel), figures).run();
  }
}

export function newFigures() {
  return { gaps: {}, told: 0, repeated: 0, missing: 0 };
}

// The records of a channel in the segments they were in, the oldest first:
// [{ order, records: [{ name, number }] }].
export class Truth {
  isExact = true;

  // ${reasons}: of gaps that there may be.
  constructor(segments, reasons = ["expired"], mayRepeat = false) {
    Object.assign(this, { segments, reasons, mayRepeat });
    this.at = new Map();
    this.ends = new Map();
    this.firsts = segments.map(() => new Map());
    this.complaints = [];
    segments.forEach((segment, i) => {
      for (const { name, number } of segment.records) this.enter(i, name, number);
    });
  }

  enter(segment, name, number) {
    const numbers = this.at.get(name) ?? new Map();
    this.at.set(name, numbers);
    if (numbers.has(number)) this.complaints.push(`${name} ${number} is there twice`);
    else if (number < this.end(name)) this.complaints.push(`${name} ${number} is out of order`);
    numbers.set(number, segment);
    this.ends.set(name, Math.max(this.end(name), number + 1));
    const firsts = this.firsts[segment];
    if (!firsts.has(name)) firsts.set(name, number);
  }

  has(name, number) {
    return this.at.get(name)?.has(number) ?? false;
  }

  // One behind the last number of that writer.
  end(name) {
    return this.ends.get(name) ?? 1;
  }

  segmentOf(name, number) {
    return this.at.get(name)?.get(number);
  }

  // The segment of that order, or the first behind it.
  indexOf(order) {
    const at = this.segments.findIndex((segment) => segment.order >= order);
    return at < 0 ? this.segments.length : at;
  }

  // The first record of that writer in segment ${from} or a newer one.
  firstFrom(name, from) {
    for (let i = from; i < this.segments.length; i++) {
      if (this.firsts[i].has(name)) return this.firsts[i].get(name);
    }
    return undefined;
  }
}

// A channel of which only is known what was written: ${written}: name ->
// { last, maybe: Set of numbers that need not be there }.
export class Hearsay {
  isExact = false;
  complaints = [];

  constructor(written, reasons) {
    this.written = written;
    this.reasons = reasons;
  }

  has(name, number) {
    const { last, maybe } = this.written.get(name);
    return number <= last && !maybe.has(number);
  }

  end(name) {
    return this.written.get(name).last + 1;
  }
}
