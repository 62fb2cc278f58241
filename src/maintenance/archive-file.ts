/** The beginning of a stream as an export of that stream, written before it stops being read, and read back. */
import { existsSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { CREATED_BY } from "../../journal/index.js";
import { InvalidArgumentError } from "../kernel/errors.js";
import type { RecordedEvent } from "../kernel/event.js";
import { toJsonForm } from "../kernel/json-form.js";
import type { Archive } from "../kernel/life-events.js";
import { beginningOf, blocksOf, type Exported } from "./export-lines.js";
import { ExportFile } from "./export-file.js";
import type { ExportCheck, ExportHeader } from "./export-format.js";
import { checkExport } from "./export-store.js";

type ArchivedFile = Pick<Archive, "sha256" | "firstPosition" | "lastPosition">;

/** What is archived: events of one stream in order, at least one. */
export interface ArchivedPart {
  readonly storeId: string;
  readonly events: readonly RecordedEvent[];
}

/**
 * Writes events to a file like an export of their stream: a line an event. The file is complete, on disk and read back when
 * this resolves, in a folder that is made where there is none. One that holds just these events already is left as it is.
 *
 * @returns Its digest and positions, and whether it was written now.
 * @throws InvalidArgumentError - There is another file.
 */
export async function writeArchive(
  path: string,
  part: ArchivedPart,
): Promise<{ readonly about: ArchivedFile; readonly isNew: boolean }> {
  const header = headerOf(part);
  const { from: firstPosition, upTo: lastPosition } = header;
  if (existsSync(path)) {
    const sha256 = await sameArchive(path, part, header);
    return { about: { sha256, firstPosition, lastPosition }, isNew: false };
  }
  mkdirSync(dirname(path), { recursive: true });
  const file = new ExportFile(path);
  let last: ExportCheck;
  try {
    await file.begin(false);
    const beginning = beginningOf(header);
    await file.write(beginning.lines);
    last = beginning.check;
    for await (const block of blocksOf(part.events.map(exportedOf), last)) {
      await file.write(block.lines);
      last = block.check;
    }
    await file.finish();
  } finally {
    await file.close();
  }
  const { sha256 } = await checkExport(path);
  if (sha256 !== last.sha256)
    throw new InvalidArgumentError("archiveTo", "a file that nobody else writes to", path);
  return { about: { sha256, firstPosition, lastPosition }, isNew: true };
}

/** An earlier attempt was ended between writing the file and recording the summary. */
async function sameArchive(path: string, part: ArchivedPart, header: ExportHeader) {
  let { check } = beginningOf(header);
  for await (const block of blocksOf(part.events.map(exportedOf), check)) ({ check } = block);
  const found = await checkExport(path);
  if (found.sha256 === check.sha256) return check.sha256;
  throw new InvalidArgumentError("archiveTo", "a file that isn't there", path);
}

function headerOf({ storeId, events }: ArchivedPart): ExportHeader {
  const [first] = events;
  const last = events.at(-1);
  return {
    storeId,
    createdAt: "",
    createdBy: "",
    writtenBy: CREATED_BY,
    from: first?.position ?? 0,
    upTo: last?.position ?? 0,
    streams: [first?.streamId ?? ""],
  };
}

function exportedOf(event: RecordedEvent): Exported {
  const { streamId, position, version, type, shape, data } = event;
  const { recordedAtMs, correlationId, causationId, headers } = event;
  const events = [{ type, shape, data: toJsonForm(data) }];
  const form = {
    position,
    recordedAtMs,
    streams: [{ streamId, position, firstVersion: version, events }],
    metadata: toJsonForm({ correlationId, causationId, headers }),
  };
  return { form, events: 1, upTo: position };
}
