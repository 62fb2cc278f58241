/**
 * Which idle activation gives way: S3-FIFO (Yang, Zhang, Qiu, Yue, Rashmi: "FIFO queues are all you need for cache
 * eviction", SOSP 2023). A newcomer waits in a small queue; only what is used again there moves to the main one, so a
 * scan over many entities passes through without touching the hot set. A use costs one increment and moves nothing.
 *
 * ```
 * new --> small (a tenth) --used again--> main --used again--> main, at the end
 *            |  not used                    | not used
 *            v                              v
 *         ghosts (names only; who comes back from there goes to main at once)    gone
 * ```
 */

/** What can be evicted. The fields belong to the queue. */
export interface Evictable {
  /** Uses since it was last passed over, up to 3. */
  frequency: number;
  queuedIn: FifoQueue | undefined;
  previous: Evictable | undefined;
  next: Evictable | undefined;
  /** Names it among the ghosts. */
  readonly streamId: string;
  canBeEvicted(): boolean;
}

export const FREQUENCY_MAX = 3;
const SMALL_SHARE = 0.1;

class FifoQueue {
  first: Evictable | undefined;
  last: Evictable | undefined;
  size = 0;

  push(node: Evictable): void {
    node.queuedIn = this;
    node.previous = this.last;
    node.next = undefined;
    if (this.last === undefined) this.first = node;
    else this.last.next = node;
    this.last = node;
    this.size += 1;
  }

  remove(node: Evictable): void {
    if (node.previous === undefined) this.first = node.next;
    else node.previous.next = node.next;
    if (node.next === undefined) this.last = node.previous;
    else node.next.previous = node.previous;
    node.queuedIn = node.previous = node.next = undefined;
    this.size -= 1;
  }
}

export class EvictionQueue<Node extends Evictable> {
  readonly #capacity: number;
  readonly #small = new FifoQueue();
  readonly #main = new FifoQueue();
  /** In order of insertion, which is what a Set iterates in. */
  readonly #ghosts = new Set<string>();

  /** `capacity`: how many nodes there are at the most. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#small.size + this.#main.size;
  }

  add(node: Node): void {
    node.frequency = 0;
    if (this.#ghosts.delete(node.streamId)) this.#main.push(node);
    else this.#small.push(node);
  }

  /** Takes a node out; harmless where it isn't in. */
  remove(node: Node): void {
    node.queuedIn?.remove(node);
  }

  /** Takes out the node that should give way; undefined where none can. */
  evict(): Node | undefined {
    const fromSmall = this.#small.size >= Math.max(1, this.#capacity * SMALL_SHARE);
    if (fromSmall) return this.#evictSmall() ?? this.#evictMain();
    // The small queue hands used ones over to the main one: look there again.
    return this.#evictMain() ?? this.#evictSmall() ?? this.#evictMain();
  }

  #evictSmall(): Node | undefined {
    for (let left = this.#small.size; left > 0; left--) {
      const node = this.#small.first as Evictable;
      this.#small.remove(node);
      if (node.frequency > 0) {
        node.frequency = 0;
        this.#main.push(node);
      } else if (!node.canBeEvicted()) {
        this.#small.push(node);
      } else {
        this.#remember(node.streamId);
        return node as Node;
      }
    }
    return undefined;
  }

  #evictMain(): Node | undefined {
    // Each node is passed over at most FREQUENCY_MAX times before it must go, unless it is busy.
    for (let left = this.#main.size * (FREQUENCY_MAX + 1); left > 0; left--) {
      const node = this.#main.first;
      if (node === undefined) return undefined;
      this.#main.remove(node);
      if (node.frequency === 0 && node.canBeEvicted()) return node as Node;
      if (node.frequency > 0) node.frequency -= 1;
      this.#main.push(node);
    }
    return undefined;
  }

  #remember(streamId: string): void {
    this.#ghosts.add(streamId);
    if (this.#ghosts.size <= this.#capacity) return;
    for (const oldest of this.#ghosts) {
      this.#ghosts.delete(oldest);
      return;
    }
  }

  /** Every node, in no particular order. The queue must not change meanwhile. */
  *nodes(): Generator<Node> {
    for (const queue of [this.#small, this.#main]) {
      for (let node = queue.first; node !== undefined; node = node.next) yield node as Node;
    }
  }
}
