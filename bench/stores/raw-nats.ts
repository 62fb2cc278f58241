/** NATS without anything above it: what messaging is measured against. */
import { Buffer } from "node:buffer";
import { MEMO } from "../account.js";

export const RAW_SUBJECT = "raw.account";

/** As large as the event of a deposit is as JSON. */
export const eventBytes = Buffer.from(
  JSON.stringify({
    accountId: "f81d4fae-7dec-11d0-a765-000000000000",
    amount: 500,
    currency: "EUR",
    memo: MEMO,
    at: 1_795_269_108_005,
  }),
);

/** As large as the command of a deposit is. */
export const commandBytes = Buffer.from(JSON.stringify({ amount: 500 }));

/** As large as the answer with one event. */
export const answerBytes = Buffer.concat([eventBytes, eventBytes]);
