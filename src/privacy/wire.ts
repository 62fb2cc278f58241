/** Commands and answers on their way: sealed where they leave this service, opened where they come in. */
import type { CommandAnswer } from "../kernel/command-port.js";
import type { Message } from "../kernel/event.js";
import { PersonalValues } from "../kernel/personal-values.js";
import { handedOn, provenanceOf, withProvenance } from "../kernel/provenance.js";
import type { Sealer } from "./sealer.js";

export class Wire {
  readonly #sealer: Sealer;

  constructor(sealer: Sealer) {
    this.#sealer = sealer;
  }

  /** Data of a command for another service. */
  outgoing(data: unknown, command: Message): unknown {
    return this.#sealer.sealKnown(data, provenanceOf(command));
  }

  /** A command that another service has sent. */
  incoming(command: Message): Message {
    const values = new PersonalValues();
    const data = this.#sealer.open(command.data, values);
    return data === command.data ? command : withProvenance({ ...command, data }, values);
  }

  /** A command of this runtime, as it is to be carried out now: what was forgotten since it was made is left out. */
  upToDate<C extends Message>(command: C): C {
    const known = provenanceOf(command);
    if (known === undefined) return command;
    const data = this.#sealer.sealKnown(command.data, known);
    if (data === command.data) return command;
    return handedOn(command, { ...command, data: this.#sealer.open(data, new PersonalValues()) });
  }

  /** An answer for another service. */
  answerOut(answer: CommandAnswer): CommandAnswer {
    if (answer.status === "rejected")
      return { ...answer, details: this.#sealer.sealKnown(answer.details, provenanceOf(answer)) };
    const events = answer.events.map((event) => {
      const data = this.#sealer.sealKnown(event.data, provenanceOf(event));
      return data === event.data ? event : { ...event, data };
    });
    return { ...answer, events };
  }

  /** An answer of another service. */
  answerIn(answer: CommandAnswer): CommandAnswer {
    const values = new PersonalValues();
    if (answer.status === "rejected") {
      const details = this.#sealer.open(answer.details, values);
      return withProvenance({ ...answer, details }, values);
    }
    const events = answer.events.map((event) => {
      const own = new PersonalValues();
      const data = this.#sealer.open(event.data, own);
      return data === event.data ? event : withProvenance({ ...event, data }, own);
    });
    return { ...answer, events };
  }
}
