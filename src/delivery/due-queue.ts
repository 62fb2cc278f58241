/** A binary heap of what becomes due, the earliest first. */

export interface Due {
  readonly dueAtMs: number;
}

export class DueQueue<Entry extends Due> {
  readonly #heap: Entry[] = [];

  get size(): number {
    return this.#heap.length;
  }

  first(): Entry | undefined {
    return this.#heap[0];
  }

  add(entry: Entry): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(entry);
    while (at > 0) {
      const parentAt = (at - 1) >> 1;
      const parent = heap[parentAt] as Entry;
      if (parent.dueAtMs <= entry.dueAtMs) break;
      heap[at] = parent;
      at = parentAt;
    }
    heap[at] = entry;
  }

  take(): Entry | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let childAt = 2 * at + 1;
      if (childAt >= heap.length) break;
      const right = heap[childAt + 1];
      if (right !== undefined && right.dueAtMs < (heap[childAt] as Entry).dueAtMs) childAt += 1;
      const child = heap[childAt] as Entry;
      if (last.dueAtMs <= child.dueAtMs) break;
      heap[at] = child;
      at = childAt;
    }
    heap[at] = last;
    return first;
  }

  /** All that are in it, in no order. */
  takeAll(): Entry[] {
    return this.#heap.splice(0);
  }
}
