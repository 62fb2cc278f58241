/** Compares the persisted index with the log, record by record, while that is read by somebody else. */
import { crc32 } from "node:zlib";
import { isForgettable } from "../../src/kernel/command-ids.js";
import type { Position, Version } from "../../src/kernel/event.js";
import { streamTypeOf, type StreamId } from "../../src/kernel/ids.js";
import { claimKeyOf, replayClaim, type ClaimState } from "../claims.js";
import { copyForStream, type RecordPart } from "../record.js";
import type { IndexStore } from "./index-store.js";
import { rowPositionOf, type LoggedRecord } from "./log-row.js";

interface StreamCheck {
  readonly version: Version;
  readonly checksum: number;
  seenVersion: Version;
  seenChecksum: number;
}

export class IndexCheck {
  readonly indexedTo: Position;
  readonly #storeId: string;
  readonly #store: IndexStore;
  readonly #note: (position: Position | undefined, message: string) => void;
  readonly #streams = new Map<StreamId, StreamCheck>();
  readonly #claims = new Map<string, ClaimState | undefined>();
  readonly #kinds = new Map<string, number>();
  readonly #commandsFrom: Position;
  /** Where ids were recorded that the index finds in later commits. */
  readonly #usedAgain = new Map<string, Position>();

  constructor(
    storeId: string,
    store: IndexStore,
    note: (position: Position | undefined, message: string) => void,
  ) {
    this.#storeId = storeId;
    this.#store = store;
    this.#note = note;
    this.#commandsFrom = store.commandsFrom();
    this.indexedTo = store.state()?.indexedTo ?? 0;
    for (const { streamId, version, checksum } of store.streamChecksums())
      this.#streams.set(streamId, { version, checksum, seenVersion: 0, seenChecksum: 0 });
  }

  add(logged: LoggedRecord): void {
    const { record, address } = logged;
    for (const part of record.parts) this.#addPart(logged, part);
    // An interrupted write leaves rows that know more; what they know beyond is written again and needn't be compared.
    if (record.position > this.indexedTo) return;
    // Once each, as the index has them, even where several streams of one commit have such an event.
    for (const kind of new Set(record.parts.flatMap(kindsOf)))
      this.#kinds.set(kind, crc32(String(address), this.#kinds.get(kind) ?? 0));
    if (record.commandId !== undefined) this.#addCommand(record.commandId, logged);
    for (const claim of record.claims) {
      const key = claimKeyOf(claim.name, claim.key);
      this.#claims.set(key, replayClaim(claim, this.#claims.get(key), record.position));
    }
  }

  #addCommand(commandId: string, { record, address }: LoggedRecord): void {
    const found = this.#store.command(commandId);
    this.#usedAgain.delete(commandId);
    if (found === address) return;
    // Forgotten ids are dropped; one that is used again then stands for the later commit, which must come.
    if (found === undefined && record.position < this.#commandsFrom && isForgettable(commandId))
      return;
    if (found !== undefined && found > address) this.#usedAgain.set(commandId, record.position);
    else this.#note(record.position, `command ${commandId} isn't found there`);
  }

  #addPart(logged: LoggedRecord, { streamId, firstVersion, events }: RecordPart): void {
    const { record } = logged;
    const check = this.#streams.get(streamId);
    if (check === undefined) {
      if (record.position <= this.indexedTo) this.#note(record.position, `${streamId} is missing`);
      return;
    }
    if (check.seenVersion >= check.version) {
      if (record.position <= this.indexedTo)
        this.#note(record.position, `${streamId} ends at version ${check.version}, too early`);
      return;
    }
    check.seenVersion = firstVersion + events.length - 1;
    check.seenChecksum = crc32(copyForStream(this.#storeId, logged, streamId), check.seenChecksum);
    if (check.seenVersion === check.version && check.seenChecksum !== check.checksum)
      this.#note(record.position, `its copies of ${streamId} aren't what the log has`);
  }

  /** What can be said only once the whole log was read. */
  finish(): void {
    for (const [commandId, position] of this.#usedAgain)
      if (rowPositionOf(this.#store.command(commandId) ?? 0) <= this.indexedTo)
        this.#note(position, `command ${commandId} isn't found there`);
    for (const [streamId, { version, seenVersion }] of this.#streams)
      if (seenVersion < version)
        this.#note(undefined, `${streamId} has version ${version}, the log only ${seenVersion}`);
    for (const [key, wanted] of this.#claims) {
      const found = this.#store.claim(key);
      const newer = (found?.position ?? 0) > this.indexedTo;
      if (!newer && (found?.owner !== wanted?.owner || found?.expiresAtMs !== wanted?.expiresAtMs))
        this.#note(wanted?.position, `claim ${key} isn't held as the log says`);
    }
    for (const [streamType, eventType] of this.#store.kinds.list()) {
      let checksum = 0;
      for (const address of this.#store.kinds.addresses(streamType, eventType, 0))
        if (rowPositionOf(address) <= this.indexedTo) checksum = crc32(String(address), checksum);
      if (checksum !== (this.#kinds.get(`${streamType}/${eventType}`) ?? 0))
        this.#note(undefined, `its list of ${streamType} ${eventType} isn't what the log has`);
    }
  }

  close(): Promise<void> {
    return this.#store.close();
  }
}

function kindsOf({ streamId, events }: RecordPart): string[] {
  const streamType = streamTypeOf(streamId);
  return events.map(({ type }) => `${streamType}/${type}`);
}
