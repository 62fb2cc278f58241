/** A binary heap of things that may be outdated by the time they come up: whoever takes them out looks. */
export class Heap<Entry> {
  #entries: Entry[] = [];
  #tidyAt = 64;
  readonly #isBefore: (a: Entry, b: Entry) => boolean;
  readonly #isCurrent: (entry: Entry) => boolean;

  constructor(isBefore: (a: Entry, b: Entry) => boolean, isCurrent: (entry: Entry) => boolean) {
    this.#isBefore = isBefore;
    this.#isCurrent = isCurrent;
  }

  add(entry: Entry): void {
    if (this.#entries.length >= this.#tidyAt) this.#tidy();
    this.#push(entry);
  }

  /** The first that is current; it stays. */
  first(): Entry | undefined {
    for (let first = this.#entries[0]; first !== undefined; first = this.#entries[0]) {
      if (this.#isCurrent(first)) return first;
      this.#pop();
    }
    return undefined;
  }

  /** Takes the first that is current. */
  take(): Entry | undefined {
    const first = this.first();
    if (first !== undefined) this.#pop();
    return first;
  }

  /** Without what is outdated: of what is set anew again and again the old would stay until its time comes. */
  #tidy(): void {
    const current = this.#entries.filter(this.#isCurrent);
    this.#entries = [];
    for (const entry of current) this.#push(entry);
    this.#tidyAt = Math.max(64, 2 * current.length);
  }

  #push(entry: Entry): void {
    const heap = this.#entries;
    let at = heap.length;
    heap.push(entry);
    while (at > 0) {
      const parentAt = (at - 1) >> 1;
      const parent = heap[parentAt] as Entry;
      if (!this.#isBefore(entry, parent)) break;
      heap[at] = parent;
      at = parentAt;
    }
    heap[at] = entry;
  }

  #pop(): void {
    const heap = this.#entries;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      let childAt = 2 * at + 1;
      if (childAt >= heap.length) break;
      const right = heap[childAt + 1];
      if (right !== undefined && this.#isBefore(right, heap[childAt] as Entry)) childAt += 1;
      const child = heap[childAt] as Entry;
      if (!this.#isBefore(child, last)) break;
      heap[at] = child;
      at = childAt;
    }
    heap[at] = last;
  }
}
