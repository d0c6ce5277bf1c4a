// A small generator with a seed, so that a failing run can be repeated.
export function seeded(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

// A whole number from low to high, both included.
export function between(random, low, high) {
  return low + Math.floor(random() * (high - low + 1));
}

export function pickSeed(text) {
  return text === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(text);
}
