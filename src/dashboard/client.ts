/** What operates the runtime that the panel shows. */
import type { AdminClient } from "../admin/api.js";
import type { Runtime } from "../index.js";

export function clientOf(
  runtime: Runtime | AdminClient,
  _may: { readonly change: boolean; readonly payloads: boolean },
): AdminClient {
  if ("status" in runtime) throw new Error("not yet");
  return runtime;
}
