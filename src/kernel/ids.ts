/**
 * Ids and names: what users call their things. A stream id is made of an aggregate's name and an entity's id by one
 * function, and taken apart by its inverse; ids are keys of the store and never become paths or code.
 */
import { InvalidArgumentError } from "./errors.js";
import { defaultLimits } from "./limits.js";

/** `<aggregate name>/<entity id>`, for example `account/acc-1`. */
export type StreamId = string;

const SEPARATOR = "/";
// C0 and C1 controls, and DEL: they hide in logs and terminals.

const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;
const PLAIN_ASCII = /^[\x20-\x7e]*$/;

/**
 * Checks an id: 1 to 256 bytes of well-formed NFC text without control characters.
 *
 * @throws InvalidArgumentError - Names `argument` and what is wrong with the value.
 */
export function checkId(argument: string, id: unknown): asserts id is string {
  const max = defaultLimits.idBytesMax;
  if (typeof id !== "string") throw new InvalidArgumentError(argument, "a string", id);
  if (id.length === 0) throw new InvalidArgumentError(argument, `1 to ${max} bytes of text`, id);
  if (id.length <= max && PLAIN_ASCII.test(id)) return;
  if (id.length > max || Buffer.byteLength(id, "utf8") > max) {
    throw new InvalidArgumentError(argument, `at most ${max} bytes of text`, id);
  }
  if (!id.isWellFormed())
    throw new InvalidArgumentError(argument, "text without lone surrogates", id);
  if (CONTROL.test(id))
    throw new InvalidArgumentError(argument, "text without control characters", id);
  if (id.normalize("NFC") !== id)
    throw new InvalidArgumentError(argument, "text in Unicode form NFC", id);
}

/**
 * Checks the name of an aggregate, projection or claim: an id without the separator `/`.
 *
 * @throws InvalidArgumentError - Names `argument` and what is wrong with the value.
 */
export function checkName(argument: string, name: unknown): asserts name is string {
  checkId(argument, name);
  if (name.includes(SEPARATOR))
    throw new InvalidArgumentError(argument, `text without "${SEPARATOR}"`, name);
}

/**
 * The stream of one entity.
 *
 * @throws InvalidArgumentError - The name has a separator in it, or either part isn't a valid id.
 */
export function streamIdOf(aggregateName: string, entityId: string): StreamId {
  checkName("aggregate name", aggregateName);
  checkId("entity id", entityId);
  return aggregateName + SEPARATOR + entityId;
}

/**
 * Checks a stream id: a valid name, the separator, a valid entity id.
 *
 * @throws InvalidArgumentError - There is no separator, or a part isn't valid.
 */
export function checkStreamId(argument: string, streamId: unknown): asserts streamId is StreamId {
  if (typeof streamId !== "string") throw new InvalidArgumentError(argument, "a string", streamId);
  const at = streamId.indexOf(SEPARATOR);
  if (at < 0)
    throw new InvalidArgumentError(argument, `"<aggregate>${SEPARATOR}<entity id>"`, streamId);
  checkId(`${argument}, aggregate name`, streamId.slice(0, at));
  checkId(`${argument}, entity id`, streamId.slice(at + 1));
}

/** The aggregate's name within a stream id. */
export function streamTypeOf(streamId: StreamId): string {
  return streamId.slice(0, streamId.indexOf(SEPARATOR));
}

/** The entity's id within a stream id. */
export function entityIdOf(streamId: StreamId): string {
  return streamId.slice(streamId.indexOf(SEPARATOR) + 1);
}
