/** What operates the runtime that the panel shows. */
import type { AdminClient, Runtime } from "../index.js";

/** A runtime of this process is asked as the panel: its audit log tells so, and it hides and refuses by itself, too. */
export function clientOf(
  runtime: Runtime | AdminClient,
  may: { readonly change: boolean; readonly payloads: boolean },
): AdminClient {
  return "admin" in runtime ? runtime.admin({ via: "panel", ...may }) : runtime;
}
