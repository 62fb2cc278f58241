/** Ids of commands that sagas and rules send: the same whenever the same step is asked, so that whoever receives one twice can tell. */
import { createHash } from "node:crypto";
import { defaultLimits } from "../kernel/limits.js";

export function commandIdOf(
  owner: string,
  instanceId: string,
  step: number,
  index: number,
): string {
  const name = `${owner}/${instanceId}`;
  const place = `#${step}.${index}`;
  if (Buffer.byteLength(name + place) <= defaultLimits.idBytesMax) return name + place;
  return `saga-${createHash("sha256").update(name).digest("hex")}${place}`;
}

/** Which step of its instance asked for a command, and how many it asked for before: what puts them in order. */
export function commandOrderOf(commandId: string): readonly [step: number, index: number] {
  const [, step, index] = /#(\d+)\.(\d+)$/.exec(commandId) ?? [];
  return [Number(step ?? 0), Number(index ?? 0)];
}
