// The npm package `eventsource` behind the cutting relay; see cut-off.mjs.
import { EventSource } from "eventsource";
import { runCutOff } from "./cut-off.mjs";

await runCutOff(async ({ stream, onOpen, onEvent }) => {
  const source = new EventSource(stream);
  source.onopen = onOpen;
  for (const type of ["message", "spoolcast.open", "spoolcast.gap", "spoolcast.skipped"]) {
    source.addEventListener(type, (event) => onEvent(type, event.data));
  }
  return async () => source.close();
});
