// node suspended.mjs --page URL --url URL --lines FILE --folder DIR
//
// A Chromium page with a native EventSource, whose browser is stopped as a
// laptop's is that sleeps: when the file DIR/stopped is there it stands still,
// until somebody makes DIR/go.  Then every line of FILE is to come once, in
// order.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";
import { browserOptions } from "./browser.mjs";

const { values: options } = parseArgs({ options: {
  page: { type: "string" }, url: { type: "string" },
  lines: { type: "string" }, folder: { type: "string" },
} });
const server = await chromium.launchServer(browserOptions);
// It has a process group of its own.
const group = -server.process().pid;
const browser = await chromium.connect(server.wsEndpoint());
const page = await browser.newPage();
await page.goto(options.page);
await page.evaluate((url) => new Promise((resolve) => {
  window.seen = [];
  window.opens = 0;
  window.gaps = 0;
  const events = new EventSource(url);
  events.onopen = () => { window.opens++; resolve(); };
  events.onmessage = (e) => window.seen.push(e.data);
  events.addEventListener("spoolcast.gap", () => window.gaps++);
}), options.url);

process.kill(group, "SIGSTOP");
writeFileSync(`${options.folder}/stopped`, "");
while (!existsSync(`${options.folder}/go`))
  await pause(50);
process.kill(group, "SIGCONT");

const want = readFileSync(options.lines, "utf8").split("\n").slice(0, -1);
await page.waitForFunction((n) => window.seen.length >= n, want.length,
  { timeout: 120000, polling: 200 });
const got = await page.evaluate(() => (
  { seen: window.seen, opens: window.opens, gaps: window.gaps }));
const wrong = want.findIndex((line, i) => got.seen[i] !== line);
console.log(JSON.stringify({ events: got.seen.length, wrong,
  opens: got.opens, gaps: got.gaps }));
await browser.close();
await server.close();
