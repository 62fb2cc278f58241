/** The domain: a permit, a declaration or a payment request is an entity, and what happened to it is its history. */
import { aggregate } from "tidemark";
import type { EntityKind, Fact } from "./facts.js";

/** A fact as recorded with its entity. */
export type RecordedFact = Omit<Fact, "entity" | "id"> & {
  /** Line of the input, from 1. */
  readonly line: number;
};

export interface CaseState {
  readonly facts: number;
  readonly lastActivity: string;
  readonly lastRole: string;
  readonly lastAt: string;
}

export interface RecordFact {
  readonly type: "RecordFact";
  readonly data: RecordedFact;
}

export interface FactRecorded {
  readonly type: "FactRecorded";
  readonly data: RecordedFact;
}

/** The three kinds of case obey the same rules: what happened, happened. */
function travelCase(name: EntityKind) {
  return aggregate<CaseState, RecordFact, FactRecorded>({
    name,
    initialState: () => ({ facts: 0, lastActivity: "", lastRole: "", lastAt: "" }),
    decide: {
      RecordFact: (_state, fact) => ({ type: "FactRecorded", data: fact }),
    },
    evolve: {
      FactRecorded: (state, { activity, role, at }) => ({
        facts: state.facts + 1,
        lastActivity: activity,
        lastRole: role,
        lastAt: at,
      }),
    },
  });
}

export const Permit = travelCase("permit");
export const Declaration = travelCase("declaration");
export const PaymentRequest = travelCase("payment-request");

export const caseOf = {
  permit: Permit,
  declaration: Declaration,
  "payment-request": PaymentRequest,
} as const;
