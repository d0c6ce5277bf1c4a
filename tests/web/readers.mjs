// Readers of event streams, each by its author's library or engine.  A reader is
// a function ({ stream, onOpen, onEvent, onClosed }) that connects to the URL
// ${stream}, calls back, and returns a promise of a function that ends it.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { engineNames, open } from "./engines.mjs";

// Types that a page listens to; what only moves the cursor is left alone.
const types = ["message", "spoolcast.open", "spoolcast.gap", "spoolcast.skipped"];

// The page is native.html beside this file; the test has put it at the top of
// the web server, so that it is of one origin with the stream.
const inBrowser = (name) => async ({ stream, onOpen, onEvent, onClosed }) => {
  const browser = await open(name);
  const url = new URL("/native.html", stream);
  url.searchParams.set("stream", stream);
  await browser.goto(url.href);
  let isOver = false;
  const poll = (async () => {
    while (!isOver) {
      for (const [type, data] of await browser.run("take()")) {
        if (type === "open") onOpen();
        else if (type === "closed") onClosed();
        else onEvent(type, data);
      }
      await new Promise((resolve) => { setTimeout(resolve, 20); });
    }
  })();
  return async () => {
    isOver = true;
    await poll.catch(() => {});
    await browser.close();
  };
};

// What has the interface of a browser.
const byInterface = (load) => async ({ stream, onOpen, onEvent, onClosed }) => {
  const source = new (await load())(stream);
  source.onopen = onOpen;
  source.onerror = () => { if (source.readyState === 2) onClosed(); };
  for (const type of types) {
    source.addEventListener(type, (event) => onEvent(type, event.data));
  }
  return async () => source.close();
};

async function fetchEventSource({ stream, onOpen, onEvent, onClosed }) {
  // It is made for pages.
  globalThis.window ??= globalThis;
  globalThis.document ??= { hidden: false, addEventListener() {}, removeEventListener() {} };
  const { fetchEventSource: listen } = await import("@microsoft/fetch-event-source");
  const controller = new AbortController();
  class Ended extends Error {}
  listen(stream, {
    signal: controller.signal,
    openWhenHidden: true,
    async onopen(response) {
      if (response.status === 204) throw new Ended();
      if (!response.ok) throw new Error(`status ${response.status}`);
      onOpen();
    },
    onmessage: ({ event, data }) => onEvent(event === "" ? "message" : event, data),
    // Without this it takes the end of a response for the end of the stream.
    onclose() { throw new Error("the response has ended"); },
    onerror(error) { if (error instanceof Ended) throw error; },
  }).catch((error) => { if (error instanceof Ended) onClosed(); });
  return async () => controller.abort();
}

async function launchDarkly({ stream, onOpen, onEvent, onClosed }) {
  const { EventSource } = await import("launchdarkly-eventsource");
  const source = new EventSource(stream, {
    initialRetryDelayMillis: 100,
    errorFilter: (error) => error.status === undefined || error.status >= 500,
  });
  source.onopen = onOpen;
  source.onclosed = onClosed;
  source.onerror = (error) => { if (error.status === 204) onClosed(); };
  for (const type of types) {
    source.addEventListener(type, (event) => onEvent(type, event.data));
  }
  return async () => source.close();
}

// The program beside this file, of Go's github.com/donovanhide/eventsource; it
// prints a JSON line for each event.
async function goEventSource({ stream, onOpen, onEvent }) {
  const child = spawn(process.env.GO_READER, [stream], { stdio: ["ignore", "pipe", "inherit"] });
  createInterface({ input: child.stdout }).on("line", (line) => {
    const [type, data] = JSON.parse(line);
    if (type === "open") onOpen();
    else onEvent(type, data);
  });
  return async () => { child.kill(); };
}

// These take the id as soon as its line ends, against the standard.
export const takeIdsAtOnce = ["eventsource 2", "fetch-event-source"];

export const readers = {
  ...Object.fromEntries(engineNames.map((name) => [name, inBrowser(name)])),
  "eventsource 2": byInterface(async () => (await import("eventsource2")).default),
  "eventsource 3": byInterface(async () => (await import("eventsource")).EventSource),
  "eventsource 4": byInterface(async () => (await import("eventsource4")).EventSource),
  "eventsource 5": byInterface(async () => (await import("eventsource5")).EventSource),
  "event-source-polyfill": byInterface(async () =>
    (await import("event-source-polyfill")).default.EventSourcePolyfill),
  "fetch-event-source": fetchEventSource,
  "launchdarkly-eventsource": launchDarkly,
  "Go eventsource": goEventSource,
};
