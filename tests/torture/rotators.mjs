// Who rotates: the real logrotate, `spoolcast rotate` and somebody with mv, in
// turn.  And who does what should not be done to a file.
import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { between } from "../web/random.mjs";

// $1 is the newest segment, $2 how many older ones are kept.
const BY_HAND = `
i=$2
rm -f "$1.$i"
while [ $i -gt 1 ]; do
  [ ! -e "$1.$((i - 1))" ] || mv "$1.$((i - 1))" "$1.$i"
  i=$((i - 1))
done
[ ! -e "$1" ] || mv "$1" "$1.1"`;

// What becomes of the file $1 in other hands.
const ROUGHLY = {
  remove: 'rm -f "$1"',
  cut: ': >"$1"',
  rewrite: '[ ! -s "$1" ] || { tail -n 3 "$1" >"$1.tmp" && mv "$1.tmp" "$1"; }',
};

const KILLED = 137;

function run(command, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ["ignore", "ignore", "pipe"] });
    let said = "";
    child.stderr.on("data", (text) => { said += text; });
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, said }));
  });
}

// Killed at any of its steps, sometimes, which are over in a few milliseconds;
// whoever comes next has to finish it.
function rotate(stage, channel) {
  if (!stage.isOn || stage.random() >= 0.4) return run(stage.program, ["rotate", channel.name]);
  const seconds = (stage.random() * 0.005).toFixed(6);
  return run("timeout", ["-s", "KILL", seconds, stage.program, "rotate", channel.name]);
}

const WAYS = {
  logrotate: (stage, channel) => run("logrotate",
    ["-f", "-s", `${stage.folder}/logrotate.${channel.name}.state`,
      `${stage.folder}/logrotate.${channel.name}`]),
  mv: (stage, channel) => run("sh",
    ["-c", BY_HAND, "sh", `${channel.dir}/${channel.file}`, String(channel.keep)]),
  spoolcast: rotate,
  ...Object.fromEntries(Object.entries(ROUGHLY).map(([way, script]) => [way,
    (stage, channel) => run("sh", ["-c", script, "sh", `${channel.dir}/${channel.file}`])])),
};

// ${channel.rotation}: the ways, taken in turn; none for one that max_size rotates.
export async function runRotator(stage, channel, random) {
  let turn = 0;
  while (stage.isOn) {
    await pause(between(random, channel.everyMs / 2, channel.everyMs * 1.5));
    const way = channel.rotation[turn % channel.rotation.length];
    channel.turns++;
    stage.history.note(`${way} of ${channel.name} begins`);
    const { code, said } = await WAYS[way](stage, channel);
    channel.turns++;
    stage.history.note(`${way} of ${channel.name} ended with ${code}`);
    // What it left is completed, before others come who know of no lock.
    if (code === KILLED || code === null) {
      stage.figures.count("kills of rotate");
      continue;
    }
    turn++;
    if (code === 0 && said === "") stage.figures.count(`rotations by ${channel.how ?? way}`);
    // 1: there was nothing in it.
    else if (way !== "spoolcast" || code !== 1) {
      stage.complain(`${way} of ${channel.name} ended with ${code}: ${said}`);
    }
  }
}

// Have logrotate do with the channel what conf/spoolcast.logrotate says.
export function configureLogrotate(stage, channel) {
  const sample = readFileSync(new URL("../../conf/spoolcast.logrotate", import.meta.url), "utf8");
  let rules = sample.slice(sample.indexOf("\n{"))
    .replace(/^\tsu .*$/m, "")
    .replace(/^\trotate .*$/m, `\trotate ${channel.keep}`);
  if (channel.how === "copytruncate") {
    rules = rules.replace(/^\tnocopytruncate$/m, "\tcopytruncate");
  }
  writeFileSync(`${stage.folder}/logrotate.${channel.name}`,
    `${channel.dir}/${channel.file}${rules}`, { mode: 0o644 });
}
