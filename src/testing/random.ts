/**
 * A number that looks random, and is found from its place alone: command number 70,000 is made with `randomAt(seed, 70_000)` without
 * those before it. So whoever was killed half-way sends the same again, and what must have come of it can be counted apart.
 *
 * @param seed - Another seed, other numbers: one for each thing that is chosen at a place. A whole number, as the place is.
 * @returns From 0 to below 1; the same in every process and version.
 */
export function randomAt(seed: number, place: number): number {
  let bits = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(place + 1, 0xc2b2ae35);
  bits = Math.imul(bits ^ (bits >>> 16), 0x7feb352d);
  bits = Math.imul(bits ^ (bits >>> 15), 0x846ca68b);
  return ((bits ^ (bits >>> 16)) >>> 0) / 2 ** 32;
}

/** One of them, chosen by {@link randomAt}. */
export function pickAt<T>(from: readonly [T, ...T[]], seed: number, place: number): T {
  return from[Math.floor(randomAt(seed, place) * from.length)] ?? from[0];
}
