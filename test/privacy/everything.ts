/** One of everything that keeps copies of what it is told: none of it declares that anything is personal. */
import { setup } from "xstate";
import {
  aggregate,
  collection,
  fact,
  projection,
  reactor,
  remote,
  rule,
  ruleSet,
  saga,
  send,
  start,
  type AnswerEvent,
} from "tidemark";
import { users, type UserEvent } from "./people.js";

export interface LetterEvent {
  readonly type: "LetterSent";
  readonly data: { readonly to: string; readonly text: string };
}

export interface LetterCommand {
  readonly type: "SendLetter";
  readonly data: LetterEvent["data"];
}

export const letters = aggregate<
  { readonly sent: number; readonly last: string },
  LetterCommand,
  LetterEvent
>({
  name: "letter",
  initialState: () => ({ sent: 0, last: "" }),
  decide: { SendLetter: (_, data) => ({ type: "LetterSent", data }) },
  evolve: { LetterSent: ({ sent }, { text }) => ({ sent: sent + 1, last: text }) },
  snapshots: { everyEvents: 1 },
});

/** Nobody has it: what is for it waits in the outbox. */
const nowhere = remote<LetterCommand, LetterEvent>("printer");

interface Input {
  readonly userId: string;
  readonly email: string;
  readonly name: string;
}

const welcomeMachine = setup({
  types: {
    context: {} as Input,
    input: {} as Input,
    events: {} as AnswerEvent<"letter", typeof letters> | AnswerEvent<"print", typeof nowhere>,
  },
  actions: {
    write: send(
      letters,
      ({ context }) => context.userId,
      ({ context }) => ({
        type: "SendLetter",
        data: { to: context.email, text: `Welcome, ${context.name}.` },
      }),
      { as: "letter" },
    ),
    print: send(
      nowhere,
      ({ context }) => context.userId,
      ({ context }) => ({
        type: "SendLetter",
        data: { to: context.email, text: `Printed for ${context.name}.` },
      }),
      { as: "print" },
    ),
  },
}).createMachine({
  id: "welcome",
  context: ({ input }) => input,
  initial: "writing",
  states: {
    writing: { entry: "write", on: { "letter.accepted": "printing" } },
    printing: { entry: "print", on: { "print.accepted": "done", "print.given-up": "done" } },
    done: { type: "final" },
  },
});

export const welcome = saga({
  name: "welcome",
  machine: welcomeMachine,
  from: [users],
  correlate: {
    Registered: ({ entityId, data }) =>
      start(entityId, { userId: entityId, email: data.email, name: data.name }),
  },
  start: "beginning",
});

const Known = fact<{ readonly email: string; readonly street: string }>("known");

export type Suspicion = {
  readonly type: "Suspicion";
  readonly data: { readonly about: string };
};

export const watchers = ruleSet({
  name: "watchers",
  version: 1,
  from: [users],
  key: ({ entityId }) => entityId,
  facts: [Known],
  start: "beginning",
  on: {
    Registered: ({ data }, memory) =>
      memory.insert(Known, "it", { email: data.email, street: data.address.street }),
  },
  rules: [
    rule<Suspicion>("suspicious")
      .when("known", Known)
      .then(({ known }, act) => {
        act.alert({ type: "Suspicion", data: { about: `${known.email} of ${known.street}` } });
      }),
  ],
});

/** Its handler fails, and says at whom. */
export const failing = projection({
  name: "failing",
  version: 1,
  from: [users],
  collections: { rows: collection<{ readonly n: number }>() },
  on: {
    Registered: ({ data }) => {
      throw new Error(`can't handle ${data.name} <${data.email}>`);
    },
  },
  onFailure: { attemptsMax: 1, then: "park" },
});

export const alerted = projection({
  name: "alerted",
  version: 1,
  from: [watchers, letters],
  collections: { texts: collection<{ readonly text: string }>() },
  on: {
    Suspicion: ({ entityId, data }, { texts }) => texts.put(`s-${entityId}`, { text: data.about }),
    LetterSent: ({ entityId, data }, { texts }) =>
      texts.put(`l-${entityId}`, { text: `${data.to}: ${data.text}` }),
  },
});

/** Greets back, by a command that repeats what it was told. */
export const echo = reactor({
  name: "echo",
  from: [users],
  start: "beginning",
  on: {
    Greeted: async (
      {
        entityId,
        data,
      }: { entityId: string; data: Extract<UserEvent, { type: "Greeted" }>["data"] },
      { ask },
    ) => {
      await ask(letters, `echo-${entityId}`, {
        type: "SendLetter",
        data: { to: "archive", text: data.text },
      });
    },
  },
});
