import { readFileSync } from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { open, type RootDatabase } from "lmdb";
import { unpack } from "msgpackr";
import { describe, expect, it } from "vitest";
import { openRuntime } from "tidemark";
import { Account, deposit, withdraw } from "../support/account.js";
import { temporaryDirectory } from "../support/directories.js";

/*
 * A stranger's reader: written from docs/internals/data-format.md alone, with LMDB, a CRC and a plain msgpack decoder, and
 * raw keys. If this fails, the format changed or the document is wrong.
 */

type Row = readonly [key: Buffer, value: Buffer];

function rowsOf(environment: RootDatabase, table: string): Row[] {
  const database = environment.openDB<Buffer, Buffer>(table, {
    encoding: "binary",
    keyEncoding: "binary",
  });
  return [...database.getRange({})].map(
    ({ key, value }) => [Buffer.from(key), Buffer.from(value)] as const,
  );
}

function sealed(value: Buffer): unknown[] {
  const end = value.length - 4;
  expect(value[end - 1]).toBe(0xce);
  expect(value.readUInt32BE(end)).toBe(crc32(value.subarray(0, end)));
  return (unpack(value) as unknown[]).slice(0, -1);
}

/** The nibble 1, the 64 bits of a double, the nibble 0; cut where zeros follow. */
function numberKey(value: number, withinArray: boolean): Buffer {
  const double = Buffer.alloc(8);
  double.writeDoubleBE(value);
  const bits = (1n << 68n) | (double.readBigUInt64BE() << 4n);
  const bytes = Buffer.from(bits.toString(16).padStart(18, "0"), "hex");
  if (withinArray) return bytes;
  const length = [4, 6, 8, 9].find((cut) => bytes.subarray(cut).every((byte) => byte === 0));
  return bytes.subarray(0, length);
}

function key(...parts: (string | number)[]): Buffer {
  if (parts.length === 1)
    return typeof parts[0] === "number" ? numberKey(parts[0], false) : Buffer.from(parts[0]!);
  const buffers = parts.map((part) =>
    typeof part === "number" ? numberKey(part, true) : Buffer.from(part),
  );
  return Buffer.concat(
    buffers.flatMap((buffer, at) => (at === 0 ? [buffer] : [Buffer.from([0]), buffer])),
  );
}

function sums(deltas: number[], stride: number): number[] {
  let sum = 0;
  return deltas.map((delta, at) => (at % stride === 0 ? (sum += delta) : delta));
}

const options = { readOnly: true, maxDbs: 16, noSubdir: false, pageSize: 4096 } as const;

describe("the data format, read as a stranger would", () => {
  it("has a log, indexes and a manifest as the document says", async () => {
    const directory = temporaryDirectory();
    const runtime = await openRuntime({ directory, aggregates: [Account], freeBytesMin: 0 });
    for (let n = 0; n < 150; n++) {
      await runtime.ask(
        Account,
        `a${n % 2}`,
        n % 50 === 49 ? { type: "DepositTwice", data: { cents: n } } : deposit(n),
        {
          ...(n % 3 === 0 ? { commandId: `c-${n}` } : {}),
          ...(n % 7 === 0 ? { headers: { n }, correlationId: "r" } : {}),
        },
      );
    }
    await runtime.ask(Account, "ä/€", deposit(1));
    await runtime.ask(Account, "a0", withdraw(3));
    const events = [...runtime.events()];
    await runtime.close();

    const manifest = JSON.parse(readFileSync(join(directory, "manifest.json"), "utf8")) as Record<
      string,
      unknown
    >;
    expect(manifest).toMatchObject({
      format: "tidemark-journal",
      formatVersion: 1,
      codec: "msgpack",
      checksum: "crc32",
      keys: "ordered-binary",
      pageSize: 4096,
    });

    // The log: every event again, from the records alone.
    const log = open({ path: join(directory, "log"), ...options });
    const read: object[] = [];
    const records = rowsOf(log, "log");
    let next = 1;
    for (const [rowKey, value] of records) {
      const [position, recordedAtMs, streams, commandId, metadata, claims, reply] = sealed(
        value,
      ) as [number, number, unknown[], string | null, unknown[] | null, null, null];
      expect(position).toBe(next);
      expect(rowKey.equals(key(position))).toBe(true);
      expect([claims, reply]).toEqual([null, null]);
      for (let at = 0; at < streams.length; at += 4) {
        const [streamId, firstVersion, , flat] = streams.slice(at, at + 4) as [
          string,
          number,
          number,
          unknown[],
        ];
        for (let e = 0; e < flat.length; e += 3) {
          const first = `${String(manifest["storeId"])}:${position}`;
          read.push({
            type: flat[e],
            shape: flat[e + 1],
            data: flat[e + 2],
            streamId,
            streamType: streamId.slice(0, streamId.indexOf("/")),
            entityId: streamId.slice(streamId.indexOf("/") + 1),
            version: firstVersion + e / 3,
            position: next,
            recordedAtMs,
            eventId: `${String(manifest["storeId"])}:${next}`,
            correlationId: metadata?.[0] ?? commandId ?? first,
            causationId: metadata?.[1] ?? commandId ?? undefined,
            headers: metadata?.[2] ?? undefined,
          });
          next += 1;
        }
      }
    }
    await log.close();
    expect(read).toEqual(events);

    // The indexes: what the log implies.
    const state = open({ path: join(directory, "state"), ...options });
    const last = records.at(-1)!;
    expect(
      rowsOf(state, "meta").map(([rowKey, value]) => [rowKey.toString(), sealed(value)]),
    ).toEqual([
      [
        "state",
        [
          1,
          manifest["storeId"],
          events.length,
          (sealed(last[1]) as [number])[0],
          last[1].readUInt32BE(last[1].length - 4),
        ],
      ],
    ]);
    const commitsOf = (streamId: string) => {
      const positions = records.map(
        ([, value]) => sealed(value) as [number, number, [string, number, number, unknown[]]],
      );
      return positions
        .filter(([, , [id]]) => id === streamId)
        .flatMap(([position, , [, , , flat]]) => [position, flat.length / 3]);
    };
    for (const streamId of ["account/a0", "account/a1", "account/ä/€"]) {
      const row = rowsOf(state, "streams").find(([rowKey]) => rowKey.equals(key(streamId)))!;
      const [version, truncateBefore, openFirst, deltas] = sealed(row[1]) as [
        number,
        number,
        number,
        number[],
      ];
      const chunks = rowsOf(state, "chunks").filter(([rowKey]) =>
        rowKey
          .subarray(0, Buffer.byteLength(streamId) + 1)
          .equals(Buffer.concat([Buffer.from(streamId), Buffer.from([0])])),
      );
      let nextVersion = 1;
      const entries: number[] = [];
      for (const [rowKey, value] of chunks) {
        const [first, lastVersion, sealedDeltas] = sealed(value) as [number, number, number[]];
        expect(first).toBe(nextVersion);
        expect(rowKey.equals(key(streamId, first))).toBe(true);
        entries.push(...sums(sealedDeltas, 2));
        nextVersion = lastVersion + 1;
      }
      expect([openFirst, truncateBefore]).toEqual([nextVersion, 0]);
      entries.push(...sums(deltas, 2));
      expect(entries).toEqual(commitsOf(streamId));
      expect(version).toBe(events.filter((event) => event.streamId === streamId).length);
    }
    const kinds = rowsOf(state, "kinds").map(
      ([rowKey, value]) => [rowKey, sealed(value) as [string, string]] as const,
    );
    expect(kinds.map(([, kind]) => kind.join(" ")).sort()).toEqual([
      "account Deposited",
      "account Withdrawn",
    ]);
    const positionsOfKinds = rowsOf(state, "kind-chunks").flatMap(([, value]) =>
      sums((sealed(value) as [number[]])[0], 1),
    );
    expect(positionsOfKinds.sort((a, b) => a - b)).toEqual(
      records.map(([, value]) => (sealed(value) as [number])[0]),
    );
    const commands = rowsOf(state, "commands").map(
      ([rowKey, value]) => [rowKey.toString(), unpack(value) as number] as const,
    );
    expect(commands).toHaveLength(50);
    for (const [commandId, position] of commands)
      expect(events[position - 1]?.causationId).toBe(commandId);
    await state.close();
  });
});
