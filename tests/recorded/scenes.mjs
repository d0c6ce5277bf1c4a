// What is played: each scene has a spool and a responder of its own, or is plain
// CGI, and is written to expected/NAME.txt.

import * as fcgi from "./fcgi.mjs";
import { seal } from "./shown.mjs";

const GAP = /^event: spoolcast\.gap\n.*\nid: .*\n\n/m;
const OPEN = /^event: spoolcast\.open\ndata:\nid: .*\n\n/m;

const has = (text) => new RegExp(`^data: ${text}\nid: .*\n\n`, "m");
const lines = (...list) => list.map((line) => `${line}\n`).join("");
const numbers = (from, to, word = "line") =>
  lines(...Array.from({ length: to - from + 1 }, (_, i) => `${word} ${from + i}`));
const names = (count) => Array.from({ length: count },
  (_, i) => `c${String(i + 1).padStart(2, "0")}`);
const resume = (id) => ({ HTTP_LAST_EVENT_ID: id });

// Make an id whose seal is right of one that was changed, as anybody can.
const forge = (id, change) => {
  const marks = change(id.slice(2));
  return seal(marks) + marks;
};
const put = (text, at, part) => text.slice(0, at) + part + text.slice(at + part.length);
const other = (c) => (c === "A" ? "B" : "A");

// The ids of all events of ${channel}, from the oldest on.
async function ids(scene, channel, last) {
  const view = await scene.visit(`GET /events/${channel}?history=all`, has(last),
    {}, { title: `all of ${channel}`, frames: false });
  return view.ids.slice(1);
}

// A scene whose requests end by themselves, one after the other.
const asks = (...requests) => async (scene) => {
  for (const [line, changes, options] of requests)
    await scene.ask(line, changes, options);
};

// No stream has records of more than one channel to send at a time: which comes first
// is up to whose turn it is, and that changes where much is read.
export const scenes = {};

// --- how a stream begins ------------------------------------------------------

scenes.openings = {
  setting: { files: { news: "", old: numbers(1, 3), "deploy.sse": "data: x\n\n" } },
  async run(scene) {
    for (const path of ["news", "old", "deploy", "news/", "news,old", "%6eews",
      "a/b/news", "?channel=news", "x?channel=news,old", "x?channel=news&channel=old",
      "news,news,old", "news?open=1", "news?open=0", "news?nothing=1&&x", "news?beat=0",
      "news?mode=sse", "n*", "[!a-m]ew*,deploy", "?channel=n%2A", "old?history=0"])
      await scene.stream(`GET /events/${path}`, OPEN);
    await scene.stream("GET /events/ticker", /^: no channel "ticker" yet\n/m);
    await scene.stream("GET /events/a,news,b", /^: no channel "b" yet\n/m);
    for (const padding of ["true", "1", "10", "4000"])
      await scene.stream(`GET /events/news?padding=${padding}`, /^: *\n/m);
    await scene.stream("GET /events/a?padding=10", /^: {8}\n/m);
    await scene.stream("GET /events/news?padding=0", OPEN);
  },
};

scenes.variables = {
  setting: { files: { news: "", old: "" } },
  async run(scene) {
    const none = { REQUEST_URI: null, QUERY_STRING: null };
    for (const changes of [
      { QUERY_STRING: null },
      { QUERY_STRING: "", REQUEST_URI: "/events/?channel=old" },
      { QUERY_STRING: "channel=old" },
      { ...none, PATH_INFO: "/old" },
      { ...none, SCRIPT_NAME: "/events/old" },
      { ...none, PATH_INFO: "/x", QUERY_STRING: "channel=old" },
      { HTTP_ACCEPT: null },
      { HTTP_ACCEPT: "" },
      { HTTP_ACCEPT: "*/*" },
      { HTTP_ACCEPT: "text/*;q=0.1, application/json" },
      { REQUEST_METHOD: ["POST", "GET"] },
      { X: "y".repeat(300) },
    ])
      await scene.stream("GET /events/news", OPEN, changes);
    await scene.stream("GET /events/news", OPEN, {}, { title: "in pieces", size: 3 });
    await scene.stream("GET /events/news", OPEN, {}, { title: "padded", padding: 5 });
    await scene.stream("GET /events/news", OPEN, {}, { id: 7 });
    await scene.stream("GET /events/news", OPEN, {}, { id: 65535 });
    await scene.stream("GET /events/news", OPEN, {}, { body: "of no use" });
    await scene.ask("GET /events/news", { ...none, SCRIPT_NAME: null });
  },
};

scenes["long-id"] = {
  setting: { files: Object.fromEntries(names(28).map((name) => [name, "x\n"])) },
  async run(scene) {
    const list = names(28).join(",");
    const view = await scene.stream(`GET /events/${list}`, OPEN);
    scene.append("c07", "seven\n");
    await view.see(has("seven"));
    await scene.ask(`HEAD /events/${list}`);
    await scene.stream(`GET /events/${list}`, OPEN, resume(view.id));
    await scene.stream(`GET /events/${list}?padding=20`, /^: {18}\n/m);
  },
};

scenes.fields = {
  setting: { files: { news: "" } },
  async run(scene) {
    for (const SERVER_SOFTWARE of ["lighttpd/1.4.83", "lighttpd/1.4.82", "lighttpd/2",
      "nginx/1.22.1", "Apache/2.4.71 (Debian)", "Caddy/2.6", "h2o/2.2.5",
      "Apache mod_fcgid/2.3.9", "another"])
      await scene.stream("GET /events/news", OPEN, { SERVER_SOFTWARE });
    await scene.ask("HEAD /events/news", { SERVER_SOFTWARE: "lighttpd/1.5.0" });
  },
};

scenes["fields-set"] = {
  setting: {
    ini: { flush: { incremental: "yes", identity: "no" } },
    files: { news: "" },
  },
  async run(scene) {
    await scene.stream("GET /events/news", OPEN);
    await scene.ask("HEAD /events/news");
    await scene.ask("GET /events/-");
  },
};

// --- what is no stream ---------------------------------------------------------

scenes.methods = {
  setting: { files: { news: lines("one", "two") } },
  async run(scene) {
    await asks(
      ["HEAD /events/news"], ["HEAD /events/news?history=2"], ["HEAD /events/ticker"],
      ["HEAD /events/n*"], ["HEAD /events/-"], ["HEAD /events/news?padding=100"],
      ["OPTIONS /events/news"], ["OPTIONS /events/-"], ["OPTIONS *"],
      ["POST /events/news", {}, { body: "hello" }], ["PUT /events/news"],
      ["get /events/news"], ["GETX /events/news"], ["DELETE /events/-"],
      ["GET /events/news", { REQUEST_METHOD: null }],
      ["GET /events/news", { REQUEST_METHOD: "" }])(scene);
    const [one] = await ids(scene, "news", "two");
    await scene.ask("HEAD /events/news", resume(one));
    await scene.ask("HEAD /events/news", resume("forged"));
  },
};

scenes.refusals = {
  setting: {
    ini: { access: { channels: "news, sse, c*, build-*" }, limits: { channels_per_stream: 3 } },
    files: { news: "", "build-1": "", "build-2": "", "build-3": "", "build-4": "" },
  },
  run: asks(
    ...["", "?", "?channel=", "-news", "news,-", "ne.ws", "app.log", "news.json", "jobs.d",
      "news.end", "a%00b", "a%2Fb", "%", "%zz", "caf%c3%a9", "x".repeat(65), "x.".repeat(40),
      "[a", "a b", "%3Cb%3E", "news..", ".json",
      "news?history=", "news?history=x", "news?history=-1", "news?history=1x", "news?history",
      "news?padding=x", "news?padding=65537", "news?padding=-1", "news?event=type",
      "news?event=", "news?beat=2", "news?beat=", "news?beat=10", "news?mode=json",
      "news?mode=", "news?flush=", "news?flush=often", "news?flush=auto",
      `news?flush=${"x".repeat(16)}`, "news?channel", "news?type",
      `news?type=${"t".repeat(257)}`, `news?type=${names(33)}`, "news?type=a%00b",
      "sse", "private", "news,private", "private,news", "news,news,private",
      "c1,c2,c3,c4", "news?channel=private", "build-*",
      `news?channel=${Array.from({ length: 1001 }, (_, i) => `c${i}`)}`,
    ].map((path) => [`GET /events/${path}`]),
    ...["application/json", "text/html", "text/event-stream;q=0", "*/*;q=0",
      "text/event-stream;q=0.000, */*", "image/*"]
      .map((HTTP_ACCEPT) => ["GET /events/news", { HTTP_ACCEPT }]),
    ["HEAD /events/private"], ["HEAD /events/build-*"],
    ["GET /events/build-*", resume("x")],
  ),
};

scenes.mounts = {
  setting: { files: { news: "n\n", "build-1": "b\n", private: "p\n" } },
  async run(scene) {
    const mount = (...lists) => ({ SPOOLCAST_CHANNELS: lists });
    await asks(
      ["GET /events/private", mount("news,build-*")],
      ["GET /events/news,private", mount("news,build-*")],
      ["GET /events/news?channel=private", mount("news,build-*")],
      ["GET /events/news", mount("news", "build-*")],
      ["GET /events/news", mount("")],
      ["GET /events/news", mount("news,,")],
      ["GET /events/news", mount("a/b")],
      ["HEAD /events/news", mount("a/b")],
      ["GET /events/news", mount(...Array(9).fill("news"))],
      ["GET /events/private", { REDIRECT_SPOOLCAST_CHANNELS: "news" }],
      ["GET /events/private", { REDIRECT_REDIRECT_SPOOLCAST_CHANNELS: "news" }])(scene);
    await scene.visit("GET /events/news", OPEN, mount("news,build-*"));
    await scene.visit("GET /events/news", OPEN, mount(" news , x"));
    await scene.visit("GET /events/private", OPEN, { HTTP_SPOOLCAST_CHANNELS: "news" });
    const view = await scene.stream("GET /events/*?history=all", has("n"),
      mount("news,x*"), { frames: false });
    scene.append("private", "not for all\n");
    scene.append("news", "for all\n");
    await view.see(has("for all"));
  },
};

scenes["mount-of-all"] = {
  setting: {
    env: { SPOOLCAST_CHANNELS: "news" },
    files: { news: "n\n", private: "p\n" },
  },
  async run(scene) {
    await scene.ask("GET /events/private");
    await scene.ask("GET /events/news", { SPOOLCAST_CHANNELS: "x*" });
    await scene.stream("GET /events/news", OPEN);
  },
};

scenes["no-spool"] = {
  setting: { spool: false },
  run: asks(["GET /events/news"], ["HEAD /events/news"], ["GET /events/-"],
    ["GET /events/news", resume("x")], ["POST /events/news"]),
};

// --- records -------------------------------------------------------------------

scenes.lines = {
  setting: {
    files: {
      odd: "\xef\xbb\xbffirst\n\n\r\nevent: x\nid: 5\n: comment\ndata: \n one blank before\n" +
        "cr\rin it\ncrlf\r\nnul\0byte\nbad \xff\xc3 bytes \xe2\x82\xac\n\xef\xbb\xbfno mark here\n" +
        "\r\r\nlast\n",
      "odd.end": "",
    },
  },
  async run(scene) {
    for (const query of ["all", "1", "all&event=channel", "all&type=message",
      "all&type=x", "all&padding=10"])
      await scene.ask(`GET /events/odd?history=${query}`);
  },
};

scenes.blocks = {
  setting: {
    files: {
      "deploy.sse": "\xef\xbb\xbfdata: with a mark\n\nevent: build\ndata: done\ndata:in\ndata\n\n" +
        "id: mine\ndata: own\n\nid: odd /\xe2\x82\xac~.x\ndata: odd id\n\n" +
        `id: ${"i".repeat(300)}\ndata: long id\n\n` +
        "retry: 1234\ndata: hint\n\nretry: 99999999999\ndata: a day\n\nretry: x\ndata: none\n\n" +
        "retry: 77\n\n: only a comment\n\nunknown: 1\ndata: known\nflush\n\n" +
        "expires: 1000\ndata: over\n\nexpires: 4102444800\ndata: later\n\n" +
        "event: spoolcast.gap\ndata: forged\n\nevent:\ndata: no type\n\nevent: nothing\n\n" +
        "data: cr only\rdata: two\r\rdata: crlf\r\ndata: two\r\n\r\n" +
        "event: t\xff\ndata: bad \xff\n\nflush: now\ndata: now\n\nskipped: 9\ndata: not ours\n\n" +
        "event: build\ndata: last\n\n",
      "deploy.end": "",
    },
  },
  async run(scene) {
    for (const query of ["all", "2", "all&event=channel", "all&type=build",
      "all&type=message", "all&type=x,build", "all&type=none"])
      await scene.ask(`GET /events/deploy?history=${query}`);
  },
};

scenes.directives = {
  setting: { ini: { stream: { drain: "200ms" } }, files: { "a.sse": "", "b.sse": "" } },
  async run(scene) {
    const one = await scene.stream("GET /events/a", OPEN);
    const typed = await scene.stream("GET /events/a?type=x", OPEN);
    scene.append("a.sse", "flush: hold\ndata: held\n\n");
    scene.append("a.sse", "data: then\n\n");
    await one.see(has("then"));
    scene.append("a.sse", "event: x\ndata: last\nretry: 4321\nflush: close\n\n");
    await one.end();
    await typed.end();
    const other = await scene.stream("GET /events/b", OPEN, {}, { id: 3 });
    scene.append("b.sse", "flush: close\n\n");
    await other.end();
  },
};

scenes.live = {
  setting: { files: { news: "", "deploy.sse": "" } },
  async run(scene) {
    const views = [
      await scene.stream("GET /events/news", OPEN),
      await scene.stream("GET /events/news", OPEN, {}, { id: 2 }),
      await scene.stream("GET /events/news,deploy?event=channel", OPEN),
    ];
    const both = async (text) => {
      for (const view of views) await view.see(has(text));
    };
    scene.append("news", "one\n");
    await both("one");
    scene.append("news", "\ntwo\n\nthree\nhal");
    await both("three");
    scene.append("news", "f\n");
    await both("half");
    scene.append("deploy.sse", "event: build\ndata: done\n\n");
    await views[2].see(has("done"));
    scene.append("news", "x".repeat(3000) + "\nend\n");
    await both("end");
    scene.write("news.end", "");
    await views[0].end();
    await views[1].end();
    scene.write("deploy.end", "");
    await views[2].end();
  },
};

scenes.skipped = {
  setting: {
    ini: { spool: { max_record: "1K" } },
    files: {
      news: lines("one", "x".repeat(1024), "y".repeat(1025), "z".repeat(5000), "two"),
      "news.end": "",
      "b.sse": `data: one\n\nid: own\ndata: ${"x".repeat(2000)}\n\ndata: two\n\n`,
      "b.end": "",
      large: "",
    },
  },
  async run(scene) {
    await scene.ask("GET /events/news?history=all");
    await scene.ask("GET /events/news?history=all&type=none");
    await scene.ask("GET /events/b?history=all&event=channel");
    const live = await scene.stream("GET /events/large", OPEN);
    scene.append("large", "x".repeat(3000) + "\nafter\n");
    await live.see(has("after"));
  },
};

scenes["skipped-memory"] = {
  setting: {
    ini: { limits: { memory: "64K" } },
    files: { news: lines("one", "x".repeat(40000), "two"), "news.end": "" },
  },
  run: asks(["GET /events/news?history=all", {}, { frames: false }]),
};

// --- where a stream begins -----------------------------------------------------

const three = { "news.2": numbers(1, 3), "news.1": numbers(4, 6), news: numbers(7, 9) };

scenes.history = {
  setting: {
    ini: {
      stream: { history_max: 5 },
      "channel few": { history: 2 },
      "channel none": { history_max: 0 },
    },
    files: { ...three, few: numbers(1, 4, "few"), none: numbers(1, 3), empty: "" },
  },
  async run(scene) {
    for (const [path, first] of [["news?history=1", "line 9"], ["news?history=5", "line 9"],
      ["news?history=all", "line 9"], ["news?history=99999999", "line 9"],
      ["few", "few 4"], ["few?history=1", "few 4"], ["few,news", "few 4"]])
      await scene.stream(`GET /events/${path}`, has(first), {}, { frames: false });
    for (const path of ["few?history=0", "none?history=all", "empty?history=all"])
      await scene.stream(`GET /events/${path}`, OPEN);
    await scene.stream("GET /events/e*?history=3", OPEN);
  },
};

scenes.resume = {
  setting: { files: { news: numbers(1, 5), old: numbers(1, 3, "old"), "own.sse": "id: me\ndata: x\n\ndata: y\n\n" } },
  async run(scene) {
    const news = await ids(scene, "news", "line 5");
    const old = await ids(scene, "old", "old 3");
    const own = await ids(scene, "own", "y");
    const all = has("line 5");
    await scene.stream("GET /events/news", all, resume(news[2]));
    await scene.stream("GET /events/news?history=1", all, resume(news[2]));
    await scene.stream("GET /events/news", OPEN, resume(news[4]));
    for (const name of ["lastEventId", "last_event_id", "evs_last_event_id"])
      await scene.stream(`GET /events/news?${name}=${news[3]}`, all);
    await scene.stream(`GET /events/news?lastEventId=${news[0]}`, all, resume(news[3]));
    await scene.stream(`GET /events/news?lastEventId=${news[3]}&last_event_id=${news[0]}`, all);
    await scene.stream("GET /events/news?lastEventId=", OPEN);
    await scene.stream("GET /events/news", OPEN, resume(""));
    await scene.stream("GET /events/own", has("y"), resume(own[0]));
    await scene.stream("GET /events/own", has("y"), resume(own[0].replace(/~.*/, "~other~x")));
    const two = await scene.stream("GET /events/news,old", OPEN);
    await scene.stream("GET /events/old,news", OPEN, resume(two.id));
    await scene.stream("GET /events/news,old,own", OPEN, resume(two.id));
    await scene.stream("GET /events/news", OPEN, resume(two.id));
    await scene.stream("GET /events/news,old", has("line 5"), resume(news[3]), { frames: false });
    await scene.stream("GET /events/old", has("old 3"), resume(old[1]));
  },
};

scenes.claims = {
  setting: {
    ini: { "channel new": { on_gap: "newest" } },
    files: { news: numbers(1, 5), new: numbers(1, 5), old: lines("o") },
  },
  async run(scene) {
    const all = has("line 5");
    const news = await ids(scene, "news", "line 5");
    const [old] = await ids(scene, "old", "o");
    const id = news[2];
    const tag = id.slice(2, 6);
    const claim = (title, text) => scene.stream("GET /events/news", all, resume(text), { title });
    await claim("one letter", "x");
    await claim("no letter", "?");
    await claim("only a publisher's own", "~me");
    await claim("only a seal", "AA");
    await claim("a seal and a dot", "AA.");
    await claim("a blank", " ");
    await claim("no ASCII", "caf\xc3\xa9");
    await claim("one that was cut", id.slice(0, -1));
    await claim("one that begins later", id.slice(1));
    await claim("one with more before it", `x${id}`);
    await claim("one with more behind it", `${id}.`);
    await claim("another seal", put(id, 0, other(id[0])));
    await claim("another byte", put(id, 9, other(id[9])));
    await claim("too long", "x".repeat(25000));
    await claim("that of another channel", old);
    const bend = (title, change) => claim(title, forge(id, change));
    for (const reason of ["e", "r", "u"]) await bend(`lost by ${reason}`, () => tag + reason);
    await bend("lost by what is no reason", () => `${tag}x`);
    await bend("before the first record", () => tag);
    await bend("another check", (marks) => put(marks, 8, other(marks[8])));
    await bend("another inode", (marks) => put(marks, 4, other(marks[4])));
    // Never two "A", which says that no birth is known.
    await bend("another birth", (marks) => put(marks, 6, marks[6] === "B" ? "C" : "B"));
    await bend("within a line", (marks) => `${marks.slice(0, 14)}D`);
    await bend("beyond the end", (marks) => `${marks.slice(0, 14)}_____`);
    await bend("twice the same", (marks) => `${marks}.${marks}`);
    await bend("after another channel", (marks) => `${old.slice(2)}.${marks}`);
    const [, , later] = await ids(scene, "new", "line 5");
    const wrong = forge(later, (marks) => put(marks, 8, other(marks[8])));
    await scene.stream("GET /events/new", GAP, resume(wrong), { title: "another check" });
    await scene.stream("GET /events/new", GAP, resume("x"));
  },
};

scenes.rotated = {
  setting: { files: { ...three, gone: numbers(1, 3, "gone") } },
  async run(scene) {
    const loose = { frames: false };
    const news = await ids(scene, "news", "line 9");
    for (const at of [0, 2, 4, 5, 7])
      await scene.visit("GET /events/news", has("line 9"), resume(news[at]), loose);
    const live = await scene.stream("GET /events/news", OPEN, {}, loose);
    scene.rename("news.2", "news.3");
    scene.rename("news.1", "news.2");
    scene.rename("news", "news.1");
    scene.write("news", "line 10\n");
    await live.see(has("line 10"));
    await live.abort();
    await scene.visit("GET /events/news", has("line 10"), resume(news[7]), loose);
    scene.remove("news.3");
    await scene.visit("GET /events/news", has("line 10"), resume(news[0]), loose);
    scene.remove("news.2");
    await scene.visit("GET /events/news", has("line 10"), resume(news[4]), loose);
    await scene.visit("GET /events/news?history=all", has("line 10"), {}, loose);
    const [first] = await ids(scene, "gone", "gone 3");
    scene.remove("gone");
    await scene.stream("GET /events/gone", GAP, resume(first), loose);
  },
};

scenes.gaps = {
  setting: {
    ini: { "channel cut": { on_gap: "newest" } },
    files: { news: numbers(1, 5), cut: numbers(1, 5), swapped: numbers(1, 5), other: lines("o") },
  },
  async run(scene) {
    const loose = { frames: false };
    const news = await ids(scene, "news", "line 5");
    const cut = await ids(scene, "cut", "line 5");
    const swapped = await ids(scene, "swapped", "line 5");
    const live = await scene.stream("GET /events/news", OPEN, {}, loose);
    scene.write("news", "");
    await live.see(GAP);
    scene.append("news", "anew\n");
    await live.see(has("anew"));
    await live.abort();
    await scene.visit("GET /events/news", has("anew"), resume(news[3]), loose);
    scene.write("cut", "x\n");
    await scene.visit("GET /events/cut", GAP, resume(cut[3]), loose);
    scene.replace("swapped", numbers(3, 7));
    await scene.stream("GET /events/swapped", has("line 7"), resume(swapped[3]), loose);
    await scene.stream("GET /events/other,swapped", has("line 7"), resume(swapped[3]), loose);
  },
};

scenes.ended = {
  setting: {
    files: {
      news: numbers(1, 3), "news.end": "", old: numbers(1, 3), "old.end": "",
      open: "", "none.end": "", "d.sse": "", "d.end": "",
    },
  },
  async run(scene) {
    const all = await scene.ask("GET /events/news?history=all");
    await asks(
      ["GET /events/news"], ["GET /events/news,old"], ["HEAD /events/news"], ["GET /events/d"],
      ["GET /events/none"], ["GET /events/news?history=1"],
      ["GET /events/news", resume(all.ids[2])], ["GET /events/news", resume(all.ids[3])],
      ["GET /events/news", resume("x")], ["GET /events/news?padding=9&history=1"])(scene);
    await scene.visit("GET /events/news,open", OPEN);
    await scene.visit("GET /events/ol*", OPEN);
    const view = await scene.stream("GET /events/open", OPEN);
    scene.append("open", "last\n");
    await view.see(has("last"));
    scene.write("open.end", "");
    await view.end();
    await scene.ask("GET /events/open", resume(view.id));
    scene.remove("open.end");
    await scene.stream("GET /events/open", OPEN, resume(view.id));
  },
};

// In which order a pattern finds files is up to the file system: so it finds one,
// and others come later.
scenes.patterns = {
  setting: { files: { "build-1": "one\n", news: "" } },
  async run(scene) {
    const loose = { frames: false };
    const all = "GET /events/build-*,x*";
    const view = await scene.stream(all, OPEN, {}, loose);
    const [start] = view.ids;
    scene.write("build-2", "two\n");
    await view.see(has("two"));
    const both = view.id;
    await scene.visit(all, has("two"), resume(start), loose);
    scene.append("build-1", "more\n");
    await view.see(has("more"));
    await scene.stream(all, has("more"), resume(both), loose);
    await scene.stream("GET /events/x*,build-*", OPEN, resume(view.id), loose);
    await scene.stream("GET /events/build-1", has("more"), resume(start), loose);
    await scene.stream("GET /events/*-1", has("more"), resume(start), loose);
    await scene.stream("GET /events/nothing-*", OPEN);
    await scene.stream("GET /events/news,b*1?history=1", has("more"), {}, loose);
  },
};

scenes["pattern-lost"] = {
  setting: { files: { "build-1": "one\n" } },
  async run(scene) {
    const view = await scene.stream("GET /events/build-*?history=1", has("one"), {},
      { frames: false });
    scene.write("build-2", "two\n");
    await view.see(has("two"));
    await view.abort();
    scene.remove("build-1");
    await scene.stream("GET /events/build-*", GAP,
      resume(view.id), { frames: false });
  },
};

// --- flush modes and ends --------------------------------------------------------

const may = { client_may_choose: "yes" };

scenes["flush-chosen"] = {
  setting: {
    ini: { flush: { ...may, pad: 100, hold: "1h" }, stream: { drain: "200ms" } },
    files: { news: lines("one"), old: lines("one"), "b.sse": "" },
  },
  async run(scene) {
    for (const mode of ["stream", "batch"]) {
      const view = await scene.stream(`GET /events/news?flush=${mode}`, OPEN);
      scene.append("news", `by ${mode}\n`);
      await view.see(has(`by ${mode}`));
      await view.abort();
    }
    const padded = /^: {98}\n/m;
    const view = await scene.stream("GET /events/news?flush=pad&history=1", padded);
    scene.append("news", "more\n");
    await view.see(padded);
    await view.abort();
    await (await scene.stream("GET /events/none?flush=pad&padding=10", padded)).abort();
    await scene.ask("GET /events/news?flush=close&history=2");
    await scene.ask("GET /events/news?flush=close", resume("x"));
    await scene.ask("HEAD /events/news?flush=close");
    const held = await scene.stream("GET /events/old?flush=close", OPEN);
    scene.append("old", "at last\n");
    await held.end();
    await scene.ask("GET /events/news?flush=never");
  },
};

scenes["flush-fixed"] = {
  setting: {
    ini: {
      flush: { mode: "pad", pad: 64 },
      stream: { drain: "200ms" },
      "channel closing": { mode: "close", hold: 0 },
      "channel batch": { mode: "batch" },
    },
    files: { news: lines("one"), closing: lines("one"), batch: "", empty: "" },
  },
  async run(scene) {
    const padded = /^: {62}\n/m;
    const view = await scene.stream("GET /events/news?history=1&flush=stream", padded);
    scene.append("news", "two\n");
    await view.see(padded);
    await view.abort();
    await scene.ask("GET /events/closing");
    await scene.ask("GET /events/closing?history=1");
    await scene.ask("GET /events/closing,empty?history=1", {}, { frames: false });
    const batch = await scene.stream("GET /events/batch", OPEN);
    scene.append("batch", lines("a", "b"));
    await batch.see(has("b"));
    await batch.abort();
  },
};

scenes.beats = {
  setting: { ini: { stream: { heartbeat: "1s" } }, files: { news: "", old: lines("one") } },
  async run(scene) {
    const views = [
      [scene.open("GET /events/news"), /\n\n:\n/],
      [scene.open("GET /events/news", {}, { id: 9 }), /\n\n:\n/],
      [scene.open("GET /events/news?beat=1"), /^event: spoolcast\.beat\ndata:\n\n/m],
      [scene.open("GET /events/old?history=all&type=x"),
        /^event: spoolcast\.at\ndata:\nid: .*\n\n/m],
    ];
    await Promise.all(views.map(([view, pattern]) => view.cut(pattern)));
  },
};

scenes.hints = {
  setting: {
    ini: { stream: { retry: "2s", retry_jitter: "50%" } },
    files: { news: "" },
  },
  async run(scene) {
    for (let n = 0; n < 3; n++)
      await scene.stream("GET /events/news", OPEN, {}, { retry: [1000, 3000] });
  },
};

scenes.lifetime = {
  setting: { ini: { stream: { lifetime: "100ms", retry: "1500ms" } }, files: { news: "" } },
  run: asks(["GET /events/news"]),
};

// --- limits ----------------------------------------------------------------------

scenes.budget = {
  setting: {
    ini: { limits: { streams: 1 }, stream: { drain: "200ms" } },
    files: { news: lines("one", "two"), old: "" },
  },
  async run(scene) {
    const view = await scene.stream("GET /events/news", OPEN);
    await asks(["GET /events/news"], ["GET /events/news?history=1"], ["GET /events/old"],
      ["HEAD /events/news"], ["GET /events/-"], ["GET /events/news", resume(view.id)],
      ["GET /events/news", resume("x")])(scene);
    await view.abort();
  },
};

scenes.address = {
  setting: {
    ini: { limits: { streams_per_address: 1 }, stream: { retry_overload: "20s" } },
    files: { news: lines("one"), old: "" },
  },
  async run(scene) {
    const view = await scene.stream("GET /events/news", OPEN);
    await asks(["GET /events/news"], ["GET /events/old"], ["GET /events/news?history=1"],
      ["GET /events/news", resume(view.id)], ["HEAD /events/news"])(scene);
    await scene.stream("GET /events/news", OPEN, { REMOTE_ADDR: "192.0.2.2" });
    await scene.stream("GET /events/news", OPEN, { REMOTE_ADDR: "2001:db8::1" });
    await scene.ask("GET /events/news", { REMOTE_ADDR: "2001:db8::2" });
    await scene.stream("GET /events/news", OPEN, { REMOTE_ADDR: null });
    await scene.stream("GET /events/news", OPEN, { REMOTE_ADDR: null });
  },
};

scenes.memory = {
  setting: { ini: { limits: { memory: "64K" } }, files: { news: "" } },
  async run(scene) {
    const large = { X: "x".repeat(64000) };
    await scene.ask("GET /events/news", large);
    await scene.ask("HEAD /events/news", large);
    await scene.stream("GET /events/news", OPEN);
    await scene.ask("GET /events/news", large);
    await scene.ask("GET /events/-", large);
  },
};

scenes.descriptors = {
  setting: { shell: "ulimit -n 32", files: { news: "" } },
  async run(scene) {
    await asks(["GET /events/news"], ["HEAD /events/news"], ["GET /events/-"],
      ["OPTIONS /events/news"])(scene);
  },
};

// --- the protocol ------------------------------------------------------------------

const simple = (line = "GET /events/-") => {
  const [method, uri] = line.split(" ");
  return fcgi.pairs([["REQUEST_METHOD", method], ["REQUEST_URI", uri]]);
};
const whole = (id, options = {}, line) => Buffer.concat([fcgi.begin(id, options),
  fcgi.params(id, simple(line)), fcgi.record(fcgi.TYPE.STDIN, id)]);
const values = (...list) => fcgi.record(fcgi.TYPE.GET_VALUES, 0,
  fcgi.pairs(list.map((name) => [name, ""])));
const KEEP = { flags: fcgi.KEEP_CONN };

scenes.management = {
  setting: { files: { news: "" } },
  async run(scene) {
    const result = async (title, ...parts) => {
      const view = scene.raw(title, ...parts, whole(1));
      await view.end();
    };
    await result("all values", values("FCGI_MAX_CONNS", "FCGI_MAX_REQS", "FCGI_MPXS_CONNS"));
    await result("one value and an unknown one", values("FCGI_MPXS_CONNS", "X"));
    await result("no value", values());
    await result("values twice", values("FCGI_MAX_REQS"), values("FCGI_MAX_CONNS"));
    await result("an unknown management type", fcgi.record(42, 0, "x"));
    await result("an unknown type of a request", fcgi.record(42, 1, "x"));
    await result("values with the id of a request",
      fcgi.record(fcgi.TYPE.GET_VALUES, 1, fcgi.pairs([["FCGI_MAX_CONNS", ""]])));
    await result("values with padding", fcgi.record(fcgi.TYPE.GET_VALUES, 0,
      fcgi.pairs([["FCGI_MAX_CONNS", ""]]), { padding: 3 }));
    const broken = fcgi.record(fcgi.TYPE.GET_VALUES, 0, "\x05\x00x");
    await scene.raw("values that are cut", broken, whole(1)).end();
    await scene.raw("too many values",
      fcgi.record(fcgi.TYPE.GET_VALUES, 0, "x".repeat(5000))).end();
    await scene.raw("a flood of values", ...Array(200).fill(values("X")), whole(1)).end();
    const view = await scene.stream("GET /events/news", OPEN);
    view.step("> GET_VALUES");
    view.send(values("FCGI_MAX_REQS"));
    await view.until("an answer", () => view.entries.at(-1).record?.type ===
      fcgi.TYPE.GET_VALUES_RESULT);
    scene.append("news", "one\n");
    await view.see(has("one"));
  },
};

scenes.requests = {
  setting: { files: { news: "", end: lines("x"), "end.end": "" } },
  async run(scene) {
    await scene.raw("a filter", fcgi.begin(1, { role: 3 })).end();
    await scene.raw("a filter, then a responder", fcgi.begin(1, { role: 3, ...KEEP }),
      whole(1)).end();
    await scene.raw("a longer BEGIN_REQUEST", fcgi.begin(1, { more: "more" }),
      fcgi.params(1, simple())).end();
    await scene.raw("a short BEGIN_REQUEST", fcgi.record(fcgi.TYPE.BEGIN_REQUEST, 1, "1")).end();
    await scene.raw("id 0", fcgi.begin(0)).end();
    await scene.raw("version 2", fcgi.record(fcgi.TYPE.BEGIN_REQUEST, 1, "x", { version: 2 })).end();
    await scene.raw("HTTP", Buffer.from("GET /events/news HTTP/1.1\r\n\r\n")).end();
    await scene.raw("parameters of nobody", fcgi.params(2, simple()), whole(1)).end();
    await scene.raw("parameters that are cut", fcgi.begin(1), fcgi.params(1, "\x7f\x01x")).end();
    await scene.raw("too many parameters", fcgi.begin(1),
      ...Array(5).fill(fcgi.record(fcgi.TYPE.PARAMS, 1, "x".repeat(65535)))).end();
    await scene.raw("parameters after their end", fcgi.begin(1),
      fcgi.params(1, simple("GET /events/news")), fcgi.record(fcgi.TYPE.PARAMS, 1, "x")).end();
    await scene.raw("no parameters", fcgi.begin(1), fcgi.params(1, "")).end();
    await scene.raw("ABORT_REQUEST among parameters", fcgi.begin(1),
      fcgi.record(fcgi.TYPE.ABORT_REQUEST, 1)).end();
    await scene.raw("ABORT_REQUEST of nobody", fcgi.record(fcgi.TYPE.ABORT_REQUEST, 4),
      whole(4)).end();
    await scene.raw("two requests at once, not kept", whole(1), whole(2)).end();
    await scene.raw("the same id twice", fcgi.begin(1), fcgi.begin(1)).end();
    const stream = await scene.stream("GET /events/news", OPEN);
    stream.step("> BEGIN_REQUEST id=2");
    stream.send(fcgi.begin(2));
    await stream.until("a refusal", () => stream.ends === 1);
    await stream.abort();
  },
};

scenes.kept = {
  setting: { files: { news: "", "end": lines("x"), "end.end": "" } },
  async run(scene) {
    const view = scene.open("GET /events/-", {}, { keep: true });
    await view.ended(1);
    const next = async (line, changes, options) => {
      const count = view.ends + 1;
      scene.open(line, changes, { keep: true, ...options }, view);
      await view.ended(count);
    };
    await next("HEAD /events/news", {}, { id: 2 });
    await next("POST /events/news", {}, { body: "hello" });
    await next("GET /events/end?history=1&padding=4", {}, { id: 300 });
    await next("GET /events/end", {}, {});
    await next("OPTIONS /events/news", {}, { size: 5, padding: 2 });
    scene.open("GET /events/news", {}, { keep: true }, view);
    await view.see(OPEN);
    scene.append("news", "kept\n");
    await view.see(has("kept"));
    scene.write("news.end", "");
    await view.ended(7);
    scene.open("GET /events/end?history=1", {}, {}, view);
    await view.end();
    const aborted = scene.open("GET /events/none", {}, { keep: true });
    await aborted.see(/^: no channel/m);
    await aborted.abort();
    const idle = scene.open("GET /events/-", {}, { keep: true });
    await idle.ended(1);
  },
};

// --- plain CGI ---------------------------------------------------------------------

scenes.cgi = {
  setting: {
    isCgi: true,
    files: { news: numbers(1, 3), end: numbers(1, 2, "end"), "end.end": "", empty: "" },
  },
  async run(scene) {
    await asks(
      ["HEAD /events/news"], ["OPTIONS /events/news"], ["POST /events/news"],
      ["GET /events/-"], ["GET /events/ne.ws"], ["GET /events/news?history=x"],
      ["GET /events/end"], ["GET /events/end?history=all"],
      ["GET /events/end?history=1&padding=20&event=channel"],
      ["GET /events/news", { HTTP_ACCEPT: "image/png" }],
      ["GET /events/news", { REQUEST_URI: null, QUERY_STRING: null, SCRIPT_NAME: null }])(scene);
    const view = await scene.stream("GET /events/news?history=2", has("line 3"));
    await scene.stream("GET /events/news", has("line 3"), resume(view.ids[1]));
    await scene.stream("GET /events/news", has("line 3"), resume("x"));
    const live = await scene.stream("GET /events/empty", OPEN);
    scene.append("empty", "hello\n");
    await live.see(has("hello"));
    await scene.stream("GET /events/none", /^: no channel "none" yet\n/m);
  },
};

scenes["cgi-told"] = {
  setting: { isCgi: true, files: { news: numbers(1, 2) }, ini: { limits: { streams: 1 } } },
  async run(scene) {
    const env = (changes) => ({ env: changes });
    // Without a configuration hints are jittered as they are by default.
    const broken = (SPOOLCAST_CONFIG) =>
      ({ ...env({ SPOOLCAST_CONFIG }), retry: [15000, 45000] });
    scene.put("wrong.ini", "[stream]\nheartbeat = often\n");
    await asks(
      ["GET /events/news", {}, { title: "a mount without it",
        ...env({ SPOOLCAST_CHANNELS: "x*" }) }],
      ["GET /events/news", {}, { title: "a bad mount", ...env({ SPOOLCAST_CHANNELS: "a/" }) }],
      ["GET /events/news", {}, { title: "no configuration", ...broken("/nonexistent.ini") }],
      ["HEAD /events/news", {}, { title: "no configuration", ...broken("/nonexistent.ini") }],
      ["GET /events/news", {}, { title: "no such spool",
        ...env({ SPOOLCAST_SPOOL: "/nonexistent" }) }],
      ["GET /events/news", {}, { title: "a wrong value",
        ...broken(scene.file("wrong.ini")) }])(scene);
    const view = await scene.stream("GET /events/news", OPEN);
    await scene.ask("GET /events/news", resume(view.id));
    await scene.ask("GET /events/news?history=1");
  },
};
