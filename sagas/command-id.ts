/** Ids of commands that sagas send: the same whenever the same step is asked, so that whoever receives one twice can tell. */
import { createHash } from "node:crypto";
import { defaultLimits } from "../src/kernel/limits.js";

export function commandIdOf(saga: string, instanceId: string, step: number, index: number): string {
  const id = `${saga}/${instanceId}#${step}.${index}`;
  if (Buffer.byteLength(id) <= defaultLimits.idBytesMax) return id;
  return `saga-${createHash("sha256").update(id).digest("hex")}`;
}
