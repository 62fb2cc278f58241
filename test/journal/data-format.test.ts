import { readFileSync } from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { open, type RootDatabase } from "lmdb";
import { unpack, unpackMultiple } from "msgpackr";
import { describe, expect, it } from "vitest";
import { openRuntime } from "tidemark";
import { Account, deposit, withdraw } from "../support/account.js";
import { temporaryDirectory } from "../support/directories.js";

/*
 * A stranger's reader: written from docs/internals/data-format.md alone, with LMDB, a CRC and a plain msgpack decoder, and
 * raw keys. If this fails, the format changed or the document is wrong.
 */

type Row = readonly [key: Buffer, value: Buffer];

function rowsOf(environment: RootDatabase, table: string, compression = false): Row[] {
  const database = environment.openDB<Buffer, Buffer>(table, {
    encoding: "binary",
    keyEncoding: "binary",
    compression,
  });
  return [...database.getRange({})].map(
    ({ key, value }) => [Buffer.from(key), Buffer.from(value)] as const,
  );
}

function checkSeal(value: Buffer): void {
  const end = value.length - 4;
  expect(value[end - 1]).toBe(0xce);
  expect(value.readUInt32BE(end)).toBe(crc32(value.subarray(0, end)));
}

function sealed(value: Buffer): unknown[] {
  checkSeal(value);
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

/** The values of a sealed sequence, without the checksum. */
function sequence(value: Buffer): unknown[] {
  checkSeal(value);
  return (unpackMultiple(value) as unknown[]).slice(0, -1);
}

/** The records of a row of the log, each with its bytes. */
function recordsOf(value: Buffer): Buffer[] {
  if (value[0] !== 0xc4) return [value];
  checkSeal(value);
  const table = value[1]!;
  const first = 2 + table;
  const begins = [0];
  for (let at = 2; at < first; at += 2) begins.push(value.readUInt16BE(at));
  return begins.map((begin, n) =>
    value.subarray(first + begin, n + 1 < begins.length ? first + begins[n + 1]! : -5),
  );
}

function sums(differences: number[]): number[] {
  let sum = 0;
  return differences.map((difference) => (sum += difference));
}

const options = { readOnly: true, maxDbs: 16, noSubdir: false, pageSize: 4096 } as const;

describe("the data format, read as a stranger would", () => {
  it("has a log, indexes and a manifest as the document says", async () => {
    const directory = temporaryDirectory();
    const runtime = await openRuntime({ directory, aggregates: [Account], freeBytesMin: 0 });
    for (let n = 0; n < 400; n++) {
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
    // Together, so that several records share a row.
    await Promise.all([
      runtime.ask(Account, "ä/€", deposit(1)),
      ...Array.from({ length: 60 }, (_, n) => runtime.ask(Account, `b${n % 3}`, deposit(n))),
    ]);
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
    const rows = rowsOf(log, "log");
    expect(rows.some(([, value]) => value[0] === 0xc4)).toBe(true);
    const addresses = new Map<number, number>();
    const records: Buffer[] = [];
    let next = 1;
    for (const [rowKey, value] of rows) {
      expect(rowKey.equals(key(next))).toBe(true);
      const rowPosition = next;
      for (const [place, bytes] of recordsOf(value).entries()) {
        const [position, , [, , , flat]] = sealed(bytes) as [number, number, unknown[][]];
        expect(position).toBe(next);
        addresses.set(position, rowPosition * 128 + place);
        records.push(bytes);
        next += flat!.length / 3;
      }
    }
    next = 1;
    for (const bytes of records) {
      const fields = sealed(bytes);
      expect(fields.length).toBeLessThanOrEqual(5);
      expect(fields.length === 3 || fields.at(-1) !== null).toBe(true);
      const [position, recordedAtMs, streams, commandId = null, metadata = null] = fields as [
        number,
        number,
        unknown[],
        (string | null)?,
        (unknown[] | null)?,
      ];
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
    const last = rows.at(-1)![1];
    const lastPosition = (sealed(recordsOf(last)[0]!) as [number])[0];
    const reflects = [
      2,
      manifest["storeId"],
      events.length,
      lastPosition,
      last.readUInt32BE(last.length - 4),
    ];
    expect(
      rowsOf(state, "meta").map(([rowKey, value]) => [rowKey.toString(), sealed(value)]),
    ).toEqual([
      ["state", reflects],
      ["under-way", reflects],
    ]);
    const chunkRows = rowsOf(state, "chunks", true);
    const streamRows = rowsOf(state, "streams", true);
    for (const streamId of ["account/a0", "account/a1", "account/b1", "account/ä/€"]) {
      const row = streamRows.find(([rowKey]) => rowKey.equals(key(streamId)))!;
      const [numbers, ...newest] = sequence(row[1]) as [Buffer, ...unknown[]];
      const [version, truncateBefore, copiesFrom] = [0, 8, 16].map((at) =>
        Buffer.from(numbers).readDoubleBE(at),
      );
      const prefix = Buffer.concat([Buffer.from(streamId), Buffer.from([0])]);
      const chunks = chunkRows.filter(([rowKey]) =>
        rowKey.subarray(0, prefix.length).equals(prefix),
      );
      const ofStream = records.filter(
        (bytes) => (sealed(bytes) as [number, number, [string]])[2][0] === streamId,
      );
      const copies: unknown[] = [];
      let first = 1;
      for (const [rowKey, value] of chunks) {
        expect(rowKey.equals(key(streamId, first))).toBe(true);
        for (const copy of sequence(value) as [number, number, unknown[][]][]) {
          copies.push(copy);
          first += copy[2][3]!.length / 3;
        }
      }
      expect([copiesFrom, truncateBefore]).toEqual([first, 0]);
      expect([...copies, ...newest]).toEqual(ofStream.map((bytes) => unpack(bytes) as unknown));
      expect(version).toBe(events.filter((event) => event.streamId === streamId).length);
    }
    expect(
      chunkRows.filter(([rowKey]) => rowKey.toString().startsWith("account/a0")).length,
    ).toBeGreaterThan(1);
    const kinds = rowsOf(state, "kinds").map(
      ([rowKey, value]) => [rowKey, sealed(value) as [string, string]] as const,
    );
    expect(kinds.map(([, kind]) => kind.join(" ")).sort()).toEqual([
      "account Deposited",
      "account Withdrawn",
    ]);
    const addressesOfKinds = rowsOf(state, "kind-chunks").flatMap(([, value]) =>
      sums((sealed(value) as [number[]])[0]),
    );
    expect(addressesOfKinds.sort((a, b) => a - b)).toEqual([...addresses.values()]);
    const commands = rowsOf(state, "commands").map(
      ([rowKey, value]) => [rowKey.toString(), unpack(value) as number] as const,
    );
    expect(commands).toHaveLength(134);
    for (const [commandId, address] of commands) {
      const position = [...addresses].find(([, at]) => at === address)![0];
      expect(events[position - 1]?.causationId).toBe(commandId);
    }
    await state.close();
  });
});
