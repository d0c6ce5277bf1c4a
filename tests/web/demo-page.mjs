// demo-page.mjs --url URL --file FILE [--shots FOLDER]
//
// Opens the demo's page in Chromium, appends lines to FILE and checks that they
// show, that the plot is drawn, and that the page had no fault to report.
import { appendFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { openBrowser } from "./browser.mjs";

const { values: options } = parseArgs({
  options: {
    url: { type: "string" },
    file: { type: "string" },
    shots: { type: "string" },
  },
});
const LIMIT = { timeout: 60000 };
const faults = [];

const browser = await openBrowser();
const page = await browser.newPage({ viewport: { width: 390, height: 844 } });
page.on("pageerror", (error) => faults.push(String(error)));
page.on("console", (message) => {
  if (message.type() === "error") faults.push(message.text());
});

try {
  await page.goto(options.url);
  await page.waitForSelector("#state[data-state=open]", LIMIT);
  appendFileSync(options.file, "typed once\n<b>not markup</b> & not an entity\n");
  await page.waitForFunction(() => {
    const texts = [...document.querySelectorAll("#lines li span")].map((e) => e.textContent);
    return texts.includes("typed once") && texts.includes("<b>not markup</b> & not an entity");
  }, undefined, LIMIT);
  await page.waitForFunction(() =>
    /\d\.\d\d now/.test(document.getElementById("plot").getAttribute("aria-label")),
  undefined, LIMIT);
  const wide = await page.evaluate(() =>
    document.documentElement.scrollWidth > document.documentElement.clientWidth);
  if (wide) faults.push("the page is wider than a phone");
  if (options.shots !== undefined) await shoot(options.shots);
} finally {
  await browser.close();
}
for (const fault of faults) process.stderr.write(`${fault}\n`);
process.exitCode = faults.length === 0 ? 0 : 1;

async function shoot(folder) {
  for (const scheme of ["light", "dark"]) {
    for (const [name, width, height] of [["phone", 390, 844], ["desktop", 1280, 800]]) {
      await page.emulateMedia({ colorScheme: scheme });
      await page.setViewportSize({ width, height });
      await page.screenshot({ path: `${folder}/${name}-${scheme}.png` });
    }
  }
}
