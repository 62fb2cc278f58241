/** So many at a time, of one runtime or of several. */
export class Permits {
  #free: number;

  constructor(max: number) {
    this.#free = max;
  }

  /** As many of those wanted as there are. */
  take(wanted: number): number {
    const taken = Math.min(wanted, this.#free);
    this.#free -= taken;
    return taken;
  }

  give(count: number): void {
    this.#free += count;
  }
}
