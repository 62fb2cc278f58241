/** The event that an input is to the machine. */
import type { EventObject } from "xstate";
import type { CommandOutcome } from "../src/delivery/index.js";
import type { Message } from "../src/kernel/event.js";
import type { AnswerAddress, SagaInput } from "./instance.js";

/** As whoever asked the command waits for it. That something is undone isn't told: undefined. */
export function answerEvent(
  commandId: string,
  answer: CommandOutcome,
  { as, entityId, invocation, compensates }: AnswerAddress,
): EventObject | undefined {
  if (compensates !== undefined) {
    if (answer.outcome === "accepted") return undefined;
    const event = { type: "compensation-failed", commandId: compensates, code: codeOf(answer) };
    return event;
  }
  if (invocation !== undefined) return invocationEvent(invocation, answer);
  const { outcome, ...rest } = answer;
  return { type: `${as}.${outcome}`, ...{ commandId, entityId, ...rest } };
}

/** As XState tells that an invoked actor is done, or has failed. */
function invocationEvent(id: string, answer: CommandOutcome): EventObject {
  if (answer.outcome === "accepted") {
    const { version, position, events } = answer;
    const output = { version, position, events };
    return { type: `xstate.done.actor.${id}`, ...{ actorId: id, output } };
  }
  const details: unknown = answer.outcome === "rejected" ? answer.details : null;
  const error = { outcome: answer.outcome, code: codeOf(answer), details };
  return { type: `xstate.error.actor.${id}`, ...{ actorId: id, error } };
}

/** Of the refusal or of the error; what came of it where there is none. */
export function codeOf(answer: CommandOutcome): string {
  return "code" in answer ? answer.code : answer.outcome;
}

/** For those who show histories. */
export function eventOfInput(input: SagaInput): Message {
  if (input.kind === "event") return input.event;
  if (input.kind === "start") return { type: "start", data: input.data };
  if (input.kind === "timer") return { type: input.event?.type ?? input.id };
  const { to, answer } = input;
  return { type: `${to?.invocation ?? to?.as ?? input.commandId}.${answer.outcome}` };
}
