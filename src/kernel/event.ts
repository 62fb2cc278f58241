/** The shared words for what was asked for and what happened. Plain data, no behaviour. */
import type { StreamId } from "./ids.js";

/** Place in the whole journal: 1 for the first event, without gaps. 0 stands for "before the first". */
export type Position = number;

/** Place in one stream: 1 for its first event, without gaps. 0 stands for "no such stream". */
export type Version = number;

/** A command or an event: its type and its data. Without `data` it carries an empty object. */
export interface Message {
  readonly type: string;
  readonly data?: unknown;
}

/** The types of a union of messages. */
export type TypeOf<M extends Message> = M["type"];

/** The members of a union that may have a type; one member may stand for several types. */
export type MessageOf<M extends Message, Type extends M["type"]> = M extends Message
  ? Type extends M["type"]
    ? M
    : never
  : never;

/** The data of the messages of one type within a union. */
export type DataOf<M extends Message, Type extends M["type"]> = OwnData<MessageOf<M, Type>>;

/** The data of a message; of a union, of each. */
export type OwnData<M extends Message> = M extends unknown
  ? "data" extends keyof M
    ? M["data"]
    : EmptyData
  : never;

/** The data of a message that carries none. */
export type EmptyData = Readonly<Record<string, never>>;

/** The one empty object that stands for data that wasn't given. */
export const EMPTY_DATA: EmptyData = Object.freeze({});

/** Where a message comes from. Headers are the user's own plain data. */
export interface Metadata {
  /** Ties together everything that one request set off. */
  readonly correlationId?: string;
  /** The id of the message that led directly to this one. */
  readonly causationId?: string;
  readonly headers?: Readonly<Record<string, unknown>>;
}

/** What every event carries once it is recorded. */
export interface RecordedFields {
  readonly streamId: StreamId;
  /** The aggregate's name. */
  readonly streamType: string;
  readonly entityId: string;
  readonly version: Version;
  readonly position: Position;
  /** Wall time of the commit in milliseconds since 1970; never descends as positions ascend. */
  readonly recordedAtMs: number;
  /** `<store id>:<position>`: unique among all stores. */
  readonly eventId: string;
  /** The given one; else the command's id; else the id of the first event of the commit. */
  readonly correlationId: string;
  /** The given one; else the command's id; else undefined. */
  readonly causationId: string | undefined;
  readonly headers: Readonly<Record<string, unknown>> | undefined;
  /** Which generation of the type's data this is, from 1; see the aggregate's upcasters. */
  readonly shape: number;
}

/** As much of a recorded event as a fold needs. */
export interface StoredEvent {
  readonly type: string;
  readonly shape: number;
  readonly data: unknown;
  readonly streamId: StreamId;
  readonly version: Version;
  readonly position: Position;
  readonly recordedAtMs: number;
}

/** An event as it stands in the journal. Shared among readers: treat `data` as frozen. */
export type RecordedEvent<Event extends Message = Message> = Event extends Message
  ? RecordedFields & { readonly type: Event["type"]; readonly data: DataOf<Event, Event["type"]> }
  : never;
