// The three browser engines that Debian has, each by the protocol it speaks:
// open(NAME) starts one without a window that anybody sees and returns
// { goto(url), run(script), close() }; run() returns what the script, an
// expression, is in the page.
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import puppeteer from "puppeteer-core";
import { openBrowser } from "./browser.mjs";

async function openChromium() {
  const browser = await openBrowser();
  const page = await browser.newPage();
  return {
    goto: (url) => page.goto(url),
    run: (script) => page.evaluate(script),
    close: () => browser.close(),
  };
}

// By WebDriver BiDi.
async function openFirefox() {
  const browser = await puppeteer.launch({
    browser: "firefox",
    executablePath: process.env.FIREFOX ?? "/usr/bin/firefox-esr",
    headless: true,
    extraPrefsFirefox: { "network.captive-portal-service.enabled": false },
  });
  const page = await browser.newPage();
  return {
    goto: (url) => page.goto(url, { waitUntil: "domcontentloaded" }),
    run: (script) => page.evaluate(script),
    close: () => browser.close(),
  };
}

async function freePort() {
  const server = net.createServer();
  await new Promise((resolve) => { server.listen(0, "127.0.0.1", resolve); });
  const { port } = server.address();
  await new Promise((resolve) => { server.close(resolve); });
  return port;
}

// What WebKitGTK has for trying pages; Debian keeps it beside the library.
function miniBrowser() {
  const lib = "/usr/lib/x86_64-linux-gnu";
  const folder = readdirSync(lib).find((name) => /^webkit2gtk-4/.test(name));
  return join(lib, folder, "MiniBrowser");
}

// By WebDriver, as Safari; it needs a display, if one that nobody sees.
async function openWebkit() {
  const port = await freePort();
  const home = mkdtempSync(join(tmpdir(), "webkit-"));
  const driver = spawn("xvfb-run", ["-a", "WebKitWebDriver", `--port=${port}`], {
    stdio: "ignore",
    detached: true,
    env: { ...process.env, HOME: home, WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: "1" },
  });
  const ask = async (method, path, body) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      method,
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const { value } = await response.json();
    if (!response.ok) throw new Error(`${path}: ${JSON.stringify(value)}`);
    return value;
  };
  const isUp = () => ask("GET", "/status").then(() => true, () => false);
  for (let tries = 0; !await isUp(); tries++) {
    if (tries > 300) throw new Error("WebKitWebDriver does not answer");
    await pause(100);
  }
  const { sessionId } = await ask("POST", "/session", {
    capabilities: { alwaysMatch: {
      "webkitgtk:browserOptions": { binary: miniBrowser(), args: ["--automation"] },
    } },
  });
  const session = `/session/${sessionId}`;
  return {
    goto: (url) => ask("POST", `${session}/url`, { url }),
    run: (script) => ask("POST", `${session}/execute/sync`, { script: `return ${script}`, args: [] }),
    close: async () => {
      await ask("DELETE", session).catch(() => {});
      process.kill(-driver.pid, "SIGTERM");
      rmSync(home, { recursive: true, force: true, maxRetries: 50 });
    },
  };
}

const engines = { chromium: openChromium, firefox: openFirefox, webkit: openWebkit };

export const engineNames = Object.keys(engines);

export const open = (name) => engines[name]();
