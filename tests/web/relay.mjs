// A TCP relay on loopback that cuts event streams short in the middle of what
// they say: it passes on a drawn number of bytes of the response, then resets
// both sides or, with goesDeaf, leaves them open and passes on nothing more, as
// a proxy that is half dead.  It counts the cuts, those of them that were inside
// a block, the streams and the answers of 204.
import net from "node:net";
import { between } from "./random.mjs";

// With sparesIds it never cuts between the end of a line and the blank one behind
// it: whoever takes an id at once has it there and not the event.
export async function startRelay({
  target, cuts, random, low, high, sparesIds = false, goesDeaf = false,
}) {
  const relay = { cuts: 0, inside: 0, streams: 0, ends: 0 };
  const open = new Set();

  function reset(...sockets) {
    for (const socket of sockets) {
      socket.resetAndDestroy();
      open.delete(socket);
    }
  }

  function pass(client) {
    const server = net.connect(Number(target.port), target.hostname);
    let left = Infinity;
    let tail = "";
    for (const socket of [client, server]) {
      open.add(socket);
      socket.setNoDelay(true);
      socket.on("close", () => open.delete(socket));
      socket.on("error", () => reset(client, server));
    }
    client.on("data", (bytes) => server.write(bytes));
    client.on("end", () => server.end());
    server.on("end", () => client.end());
    server.on("data", (bytes) => {
      const head = bytes.toString("latin1");
      if (/^HTTP\/1.1 204 /.test(head)) relay.ends++;
      if (/^content-type: text\/event-stream/im.test(head)) {
        relay.streams++;
        left = relay.cuts < cuts ? between(random, low, high) : Infinity;
      }
      if (bytes.length < left) {
        left -= bytes.length;
        tail = (tail + head).slice(-2);
        client.write(bytes);
        return;
      }
      if (sparesIds && bytes[left - 1] === 10 && bytes[left] === 10) left++;
      // The rest must have left before the reset, or it would be lost whole.
      relay.cuts++;
      if (!(tail + head.slice(0, left)).endsWith("\n\n")) relay.inside++;
      server.removeAllListeners("data");
      client.write(bytes.subarray(0, left), () => {
        if (!goesDeaf) reset(client, server);
      });
    });
  }

  const listener = net.createServer({ allowHalfOpen: true }, pass);
  await new Promise((resolve, reject) => {
    listener.once("error", reject);
    listener.listen(0, "127.0.0.1", resolve);
  });
  relay.origin = `http://127.0.0.1:${listener.address().port}`;
  relay.close = () => {
    listener.close();
    reset(...open);
  };
  return relay;
}
