// A TCP relay on loopback that cuts event streams short in the middle of what
// they say: it passes on a drawn number of bytes of the response, then resets
// both sides.
import net from "node:net";
import { between } from "./random.mjs";

export async function startRelay({ target, cuts, random, low, high }) {
  const relay = { cuts: 0, streams: 0 };
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
      if (/^content-type: text\/event-stream/im.test(bytes.toString("latin1"))) {
        relay.streams++;
        left = relay.cuts < cuts ? between(random, low, high) : Infinity;
      }
      if (bytes.length < left) {
        left -= bytes.length;
        client.write(bytes);
        return;
      }
      // The rest must have left before the reset, or it would be lost whole.
      relay.cuts++;
      server.removeAllListeners("data");
      client.write(bytes.subarray(0, left), () => reset(client, server));
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
