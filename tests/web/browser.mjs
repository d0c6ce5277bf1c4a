// Debian's Chromium, quiet and with a profile of its own that goes with it.
import { chromium } from "playwright-core";

export const browserOptions = {
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  headless: true,
  args: [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update",
    "--disable-sync",
  ],
};

export function openBrowser() {
  return chromium.launch(browserOptions);
}
