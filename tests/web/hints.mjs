// hints.mjs --url URL --viewers N [--deadline S]
//
// N streams at once.  When each has said where it starts, the line "open" is
// printed; when the server has ended all of them, the last retry hint of each,
// in milliseconds, one on a line.  Exits 1 if that does not come about.
import http from "node:http";
import { parseArgs } from "node:util";

const { values: options } = parseArgs({
  options: {
    url: { type: "string" },
    viewers: { type: "string" },
    deadline: { type: "string", default: "60" },
  },
});

const viewers = Number(options.viewers);
const agent = new http.Agent({ keepAlive: false, maxSockets: Infinity });
const hints = [];
let open = 0;

function fail(why) {
  console.error(`hints: ${why}`);
  process.exit(1);
}

function finish(text) {
  const all = [...text.matchAll(/^retry: (\d+)$/gm)];
  if (all.length < 2) fail(`a stream ended with ${JSON.stringify(text)}`);
  hints.push(all.at(-1)[1]);
  if (hints.length === viewers) {
    console.log(hints.join("\n"));
    process.exit(0);
  }
}

function connect() {
  const headers = { Accept: "text/event-stream" };
  const request = http.get(options.url, { agent, headers }, (response) => {
    let text = "";
    let isOpen = false;
    if (response.statusCode !== 200) fail(`status ${response.statusCode}`);
    response.setEncoding("utf8");
    response.on("data", (piece) => {
      text += piece;
      if (!isOpen && /^id: /m.test(text)) {
        isOpen = true;
        if (++open === viewers) console.log("open");
      }
    });
    response.on("error", (error) => fail(error.message));
    response.on("end", () => finish(text));
  });
  request.on("error", (error) => fail(error.message));
}

setTimeout(() => {
  fail(`${open} of ${viewers} were open, ${hints.length} have ended`);
}, Number(options.deadline) * 1000);
for (let i = 0; i < viewers; i++) connect();
