// The strict parser, for readers that are in other folders.
export { createParser } from "eventsource-parser";
