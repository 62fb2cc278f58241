/** The view: each case with its last fact, and whether it is still open. */
import { collection, projection } from "tidemark";
import { Declaration, PaymentRequest, Permit } from "./case.js";

export interface CaseRow {
  readonly entity: string;
  /** The last fact. */
  readonly state: string;
  readonly role: string;
  /** Euros: of a permit the budget asked for, else what was claimed. */
  readonly amount: number;
  readonly open: boolean;
}

/** A case is open until its last fact is that it was paid. */
const PAID = "Payment Handled";

export const openCases = projection({
  name: "open-cases",
  version: 1,
  from: [Permit, Declaration, PaymentRequest],
  collections: { cases: collection<CaseRow>() },
  on: {
    FactRecorded: ({ streamId, streamType, data }, { cases }) => {
      cases.put(streamId, {
        entity: streamType,
        state: data.activity,
        role: data.role,
        amount: data.requestedBudget ?? data.amount ?? 0,
        open: data.activity !== PAID,
      });
    },
  },
});
