// A real Chromium page with its native EventSource behind the cutting relay;
// see cut-off.mjs.  The page is native.html beside this file; the test has put
// it at the top of the web server, so that it is of one origin with the stream.
import { openBrowser } from "./browser.mjs";
import { runCutOff } from "./cut-off.mjs";

await runCutOff(async ({ stream, onOpen, onEvent }) => {
  const browser = await openBrowser();
  const page = await browser.newPage();
  await page.exposeFunction("tell", (batch) => {
    for (const [type, data] of batch) {
      if (type === "open") onOpen();
      else onEvent(type, data);
    }
  });
  const url = new URL("/native.html", stream);
  url.searchParams.set("stream", stream);
  await page.goto(url.href);
  return () => browser.close();
});
