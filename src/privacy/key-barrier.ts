/** What the journal waits for before it writes: keys that were just given out. The journal is open before there are any. */
import type { KeyRing } from "./key-ring.js";

export class KeyBarrier {
  ring: KeyRing | undefined;

  /** Undefined where nothing is to be waited for. */
  ready(): Promise<void> | undefined {
    return this.ring?.durable();
  }
}
