/** An instance as its stream tells it, now or as it was. For looking: instances that run are actors. */
import type { Journal } from "../journal/index.js";
import type { InstanceName } from "../src/delivery/index.js";
import { streamIdOf } from "../src/kernel/ids.js";
import { evolveInstance } from "./instance-fold.js";
import { NEW_INSTANCE, type InstanceState } from "./instance.js";

/** @param upTo - Version of the stream, inclusive. */
export function readInstance(
  journal: Journal,
  { owner, instanceId }: InstanceName,
  upTo?: number,
): InstanceState {
  let state = NEW_INSTANCE;
  const options = upTo === undefined ? {} : { upTo };
  for (const page of journal.replayStream(streamIdOf(owner, instanceId), options))
    for (const event of page) state = evolveInstance(state, event);
  return state;
}
