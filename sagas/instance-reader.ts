/** An instance as its stream tells it, now or as it was. For looking: instances that run are actors. */
import type { Journal } from "../journal/index.js";
import type { InstanceName } from "../src/delivery/index.js";
import { streamIdOf } from "../src/kernel/ids.js";
import { isRecordedBy, type Moment } from "../src/kernel/moment.js";
import { evolveInstance } from "./instance-fold.js";
import { NEW_INSTANCE, type InstanceState } from "./instance.js";

export function readInstance(
  journal: Journal,
  { owner, instanceId }: InstanceName,
  at?: Moment,
): InstanceState {
  let state = NEW_INSTANCE;
  const upTo = at !== undefined && "version" in at ? { upTo: at.version } : {};
  for (const page of journal.replayStream(streamIdOf(owner, instanceId), upTo)) {
    for (const event of page) {
      if (!isRecordedBy(at, event)) return state;
      state = evolveInstance(state, event);
    }
  }
  return state;
}
