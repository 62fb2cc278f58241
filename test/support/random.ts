import { randomAt } from "../../src/testing/random.js";

/** The numbers of a seed, one after the other. */
export function randomFrom(seed: number): () => number {
  let place = 0;
  return () => randomAt(seed, place++);
}
