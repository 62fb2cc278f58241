/** Numbers that look random and are the same in every run, each found from its place alone. */
export function randomAt(seed: number, place: number): number {
  let bits = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(place + 1, 0xc2b2ae35);
  bits = Math.imul(bits ^ (bits >>> 16), 0x7feb352d);
  bits = Math.imul(bits ^ (bits >>> 15), 0x846ca68b);
  return ((bits ^ (bits >>> 16)) >>> 0) / 2 ** 32;
}

export function pickAt<T>(from: readonly [T, ...T[]], seed: number, place: number): T {
  return from[Math.floor(randomAt(seed, place) * from.length)] ?? from[0];
}
