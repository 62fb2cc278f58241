/** The aggregate: a till rings up sales and numbers its receipts. */
import { aggregate } from "tidemark";

export interface Sale {
  /** Of the till, from 1. */
  readonly receipt: number;
  readonly cents: number;
  readonly currency: string;
  /** 1 to 30. */
  readonly day: number;
}

interface RingUp {
  readonly type: "RingUp";
  readonly data: Sale;
}

interface SaleRung {
  readonly type: "SaleRung";
  readonly data: Sale;
}

export const Till = aggregate<{ receipts: number }, RingUp, SaleRung>({
  name: "till",
  initialState: () => ({ receipts: 0 }),
  decide: {
    // A receipt that is sent again after a crash is known by its number, and isn't recorded twice.
    RingUp: ({ receipts }, sale) =>
      sale.receipt <= receipts ? [] : { type: "SaleRung", data: sale },
  },
  evolve: {
    SaleRung: (_till, { receipt }) => ({ receipts: receipt }),
  },
  snapshots: false,
});
