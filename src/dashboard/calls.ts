/** Operations as the panel asks for them: by name and JSON, within what the panel was opened for. */
import { fromJsonForm, type AdminClient, type OperationName } from "../index.js";
import { inFolder, type Folders } from "./folders.js";
import type { JsonObject } from "./json-input.js";
import { withoutPayloads } from "./payloads.js";

export interface CallOptions {
  readonly by?: string;
  readonly signal?: AbortSignal;
}

export type Call = (
  operation: OperationName,
  input: JsonObject,
  options?: CallOptions,
) => Promise<unknown>;

/** Whoever the client belongs to may see and do more than the panel: what it shows is cut to what the panel was opened for. */
export function callsOf(
  client: AdminClient,
  may: { readonly change: boolean; readonly payloads: boolean },
  folders: Folders,
): Call {
  return async (operation, input, options) => {
    const given = fromJsonForm(inFolder(operation, input, folders));
    const output: unknown = await client.call(operation, given as never, options);
    const shown = may.payloads ? output : withoutPayloads(operation, output);
    return operation === "info" ? infoFor(shown as JsonObject, may, folders) : shown;
  };
}

function infoFor(
  info: JsonObject,
  may: { readonly change: boolean; readonly payloads: boolean },
  folders: Folders,
) {
  const theirs = info["may"] as typeof may;
  return {
    ...info,
    folders,
    may: { change: theirs.change && may.change, payloads: theirs.payloads && may.payloads },
  };
}
