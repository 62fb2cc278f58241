import { cpSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openLmdbJournal } from "../../journal/index.js";
import { temporaryDirectory } from "../support/directories.js";
import { lmdbOptions } from "../support/journals.js";

/*
 * Journals as earlier commits wrote them, kept as files. What is in them: single commits and groups, two streams in one
 * commit, claims taken and moved, a truncation, command ids, a reply, metadata, and every kind of data.
 */

interface Expected {
  readonly head: number;
  readonly events: readonly object[];
  readonly stream: readonly object[];
  readonly claim: object;
  readonly command: object;
}

/** As JSON has it: bigints and bytes are marked. */
function asJson(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_key, part: unknown) => {
      if (typeof part === "bigint") return { big: String(part) };
      if (part instanceof Uint8Array) return { bytes: [...part] };
      const buffer = part as { type?: unknown; data?: unknown } | null;
      return buffer?.type === "Buffer" ? { bytes: buffer.data } : part;
    }),
  ) as unknown;
}

describe.each(["log-of-single-records", "log-of-shared-rows"])("a journal kept as %s", (name) => {
  it("opens, without an index, and gives every event, claim and command as it did, and goes on", async () => {
    const directory = join(temporaryDirectory(), "store");
    const kept = join(import.meta.dirname, "../fixtures", name);
    cpSync(kept, directory, { recursive: true });
    const expected = JSON.parse(readFileSync(join(kept, "expected.json"), "utf8")) as Expected;
    const journal = await openLmdbJournal(lmdbOptions(directory));
    expect(journal.head()).toBe(expected.head);
    expect(asJson(journal.readPage({ after: 0, limit: 1_000 }).events)).toEqual(expected.events);
    expect(asJson([...journal.readStream("account/a2")])).toEqual(expected.stream);
    expect(asJson(journal.findClaim("email", "a@b"))).toEqual(expected.claim);
    expect(asJson(journal.findCommand("two"))).toEqual(expected.command);
    const { position } = await journal.append({
      streams: [{ streamId: "account/a2", events: [{ type: "Deposited" }] }],
    });
    expect(position).toBe(expected.head + 1);
    await journal.close();
  });
});
