// The channels of the torture test: who writes to each, and who rotates it.
//
// A channel of which ${rotation} is empty is rotated by max_size, by whichever
// process notices.  ${how} in the figures tells apart what else differs.
const WRITERS = {
  news: [
    { how: "append", shell: "bash" }, { how: "append", shell: "dash" }, { how: "publish" },
  ],
  deploy: [
    { how: "publish", typed: true, lines: true, max: 20000 },
    { how: "publish", typed: true },
    { how: "blocks", typed: true, lines: true },
  ],
  sized: [{ how: "append" }, { how: "append", shell: "dash" }, { how: "publish" }],
  brief: [{ how: "append" }, { how: "publish" }],
  cut: [{ how: "append" }, { how: "append", shell: "dash" }],
  rough: [{ how: "append" }, { how: "append", shell: "dash" }, { how: "publish" }],
  alerts: [
    { how: "pipe" }, { how: "pipe", shell: "dash" }, { how: "held" }, { how: "publish" },
  ],
  jobs: [
    { how: "moved", lines: true, max: 30000 }, { how: "closed", shell: "dash", lines: true },
    { how: "publish", lines: true, max: 20000 },
  ],
};

const CHANNELS = [
  { name: "news", form: "lines", rotation: ["logrotate", "spoolcast", "mv"], everyMs: 1200 },
  {
    name: "deploy",
    file: "deploy.sse",
    form: "blocks",
    rotation: ["spoolcast", "mv", "spoolcast", "logrotate"],
    everyMs: 1200,
  },
  { name: "sized", form: "lines", rotation: [] },
  // Viewers that are away for a few seconds find their place gone.  With one older
  // segment, which is removed before the newest gets its name, nobody can tell
  // at that moment that the file was not just replaced.
  {
    name: "brief",
    form: "lines",
    rotation: ["spoolcast", "mv"],
    everyMs: 1200,
    keep: 1,
    reasons: ["expired", "replaced"],
  },
  {
    name: "cut",
    form: "lines",
    rotation: ["logrotate"],
    how: "copytruncate",
    everyMs: 3000,
    isExact: false,
    reasons: ["replaced", "expired"],
  },
  // Never cut twice in a row: the first of two is not seen by who came between
  // them and had nothing yet.
  {
    name: "rough",
    form: "lines",
    rotation: ["remove", "cut", "rewrite"],
    everyMs: 1500,
    isExact: false,
    vanishes: true,
    reasons: ["replaced", "expired"],
  },
  {
    name: "alerts",
    place: "alerts.fifo",
    dir: ".spoolcast",
    file: "alerts.fifo.log",
    form: "lines",
    rotation: [],
  },
  {
    name: "jobs",
    place: "jobs.d",
    dir: ".spoolcast",
    file: "jobs.d.log",
    form: "blocks",
    rotation: [],
  },
];

// What is asked for, in orders that take turns; "*" gets all.
const ASKS = [
  ["news"], ["deploy"], ["sized"], ["brief"], ["cut"], ["rough"], ["alerts,jobs", "jobs,alerts"],
  ["*"],
  ["news,deploy,sized", "sized,news,deploy"], ["*"],
  ["jobs,alerts,news,brief", "brief,alerts,jobs,news"],
];

// The default number of segments kept, as the configuration has it.
const KEEP = 20;

// What a line of a shell may have, so that it is one write: PIPE_BUF, and less
// for letters of several bytes.
const LINE_MAX = 3000;

export function planChannels(spool, names) {
  return CHANNELS.filter(({ name }) => names.includes(name)).map((channel) => ({
    isExact: true,
    turns: 0, // how often a rotation began or ended
    reasons: ["expired"],
    keep: KEEP,
    file: channel.name,
    ...channel,
    place: `${spool}/${channel.place ?? channel.file ?? channel.name}`,
    dir: channel.dir === undefined ? spool : `${spool}/${channel.dir}`,
  }));
}

// name -> writer
export function planWriters(channels) {
  return new Map(channels.flatMap(({ name: channel, place }) =>
    WRITERS[channel].map((writer, i) => {
      const name = `${channel}-${writer.how}${i + 1}`;
      return [name, {
        max: LINE_MAX, everyMs: 20, ...writer, name, channel, place, last: 0, maybe: new Set(),
      }];
    })));
}

export function planAsks(channels) {
  const names = channels.map(({ name }) => name);
  return ASKS.map((orders) => {
    const kept = orders.map((order) => order.split(",")
      .filter((name) => name === "*" || names.includes(name)).join(","));
    const asked = kept[0] === "*" ? names : kept[0].split(",");
    return { asks: kept, channels: asked };
  }).filter(({ asks }) => asks[0] !== "");
}
