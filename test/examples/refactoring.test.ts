import { given } from "tidemark/testing";
import { describe, expect, it } from "vitest";
import {
  Conference,
  conferenceWith,
  upcasters,
} from "../../examples/refactoring/after/conference.js";
import { Order } from "../../examples/refactoring/after/order.js";
import { factsOf, totalOf } from "../../examples/refactoring/expected.js";
import {
  approve,
  moved,
  openAfter,
  openBefore,
  rowsBefore,
  rowsShown,
  rowsToCome,
} from "../../examples/refactoring/services.js";
import { announce, ordersAfter, ordersBefore } from "../../examples/refactoring/traffic.js";
import { temporaryDirectory } from "../support/directories.js";
import { outcomeOf, startExample, startProgram } from "../support/programs.js";
import { randomFrom } from "../support/random.js";

const MOVER = "examples/refactoring/move-process.js";
const SEED = Number(process.env["SEED"] ?? 20_264);
const KILLS = 5;
const SIZE = { conferences: 10, orders: 60 };

describe("the refactoring example", () => {
  it("is tried on a copy, and moves each payment once for real, killed in the middle", async () => {
    const { output, code } = await startExample("refactoring", ["--ci"]).ended;
    for (const expected of [
      /first try +aggregate conference must be able to read every .*BadgesPrinted/,
      /second try +90 payments moved, no row differs/,
      /killed +when [1-9]\d* of 105 payments were moved/,
      /opened again +asked for \d+; all 105 moved, each once/,
      /Opened once more: nothing left to move/,
    ])
      expect(output).toMatch(expected);
    expect(outcomeOf(output)).toMatchObject({
      "payments moved on the copy": "90",
      "payments moved for real, killed in the middle": "105",
      "payments moved twice": "0",
      "moved by the next start": "0",
    });
    expect(code, output).toBe(0);
  });

  it(`moves each payment once when it is killed at ${KILLS} random points`, async () => {
    const random = randomFrom(SEED);
    const directory = temporaryDirectory();
    const before = await openBefore(directory);
    await announce(before, SIZE);
    await ordersBefore(before, SIZE, 0, SIZE.orders);
    const rows = await rowsBefore(before);
    const { payments } = factsOf(before);
    await before.close();
    expect(payments.size).toBeGreaterThan(KILLS * 50);
    for (let n = 0; n < KILLS; n++) {
      // Those before its last note are asked for again, and count.
      const dieAt = 1 + Math.floor(random() * 50);
      const { signal, output } = await startProgram(MOVER, [directory, String(dieAt)]).ended;
      expect(signal, `kill ${n} of seed ${SEED}: ${output}`).toBe("SIGKILL");
    }
    const runtime = await openAfter(directory);
    try {
      await moved(runtime);
      expect(factsOf(runtime).moved).toEqual(payments);
      expect(await rowsToCome(runtime)).toEqual(rows);
      await approve(runtime);
      expect(await rowsShown(runtime)).toEqual(rows);
      await ordersAfter(runtime, SIZE);
      await moved(runtime);
      const facts = factsOf(runtime);
      expect(await rowsShown(runtime)).toEqual(facts.rows);
      const lateCents = totalOf(facts.rows, "paidCents") - totalOf(rows, "paidCents");
      expect(lateCents).toBe(SIZE.conferences * 12_000);
    } finally {
      await runtime.close();
    }
    // There is no way back for the code of before, and it says so.
    await expect(openBefore(directory)).rejects.toThrow(/Seats(Held|Refused|Released)/);
  });

  it("shows the old rows until the new view is approved, also after a reopening", async () => {
    const directory = temporaryDirectory();
    const before = await openBefore(directory);
    await announce(before, SIZE);
    await ordersBefore(before, SIZE, 0, 10);
    const rows = await rowsBefore(before);
    await before.close();
    for (let n = 0; n < 2; n++) {
      const runtime = await openAfter(directory);
      expect(await rowsShown(runtime)).toEqual(rows);
      await moved(runtime);
      expect(await rowsShown(runtime)).toEqual(rows);
      if (n === 1) await approve(runtime);
      expect(await rowsShown(runtime)).toEqual(rows);
      await runtime.close();
    }
  });
});

describe("a conference whose events are of before", () => {
  it("goes on with today's commands", () => {
    given(Conference, [
      { type: "ConferenceAnnounced", data: { name: "Tides", seats: 5 } },
      { type: "SeatsHeld", data: { orderId: "a", seats: 3 } },
      { type: "PaymentRecorded", data: { orderId: "a", cents: 100 } },
    ])
      .when({ type: "HoldSeats", data: { orderId: "b", seats: 3 } })
      .thenEvents({ type: "SeatsRefused", data: { orderId: "b", seats: 3 } })
      .thenState({ name: "Tides", free: 2, held: { a: 3 } });
  });

  it("can't be opened by a definition that knows one of its types no more", async () => {
    const directory = temporaryDirectory();
    const before = await openBefore(directory);
    await announce(before, SIZE);
    await ordersBefore(before, SIZE, 0, 10);
    const { head } = before;
    await before.close();
    const { SeatsReserved: _forgotten, ...others } = upcasters;
    const opening = openAfter(directory, undefined, conferenceWith(others));
    await expect(opening).rejects.toThrow(/SeatsReserved/);
    const runtime = await openAfter(directory);
    expect(runtime.head).toBeGreaterThanOrEqual(head);
    await runtime.close();
  });
});

describe("a payment that is taken over", () => {
  it("says where it was recorded first, and when", () => {
    const data = { conferenceId: "c", cents: 5, eventId: "store:7", paidAtMs: 1_000 };
    const { eventId: movedFrom, ...payment } = data;
    given(Order, [])
      .when({ type: "TakeOverPayment", data })
      .thenEvents({ type: "OrderPaid", data: { ...payment, movedFrom } });
  });
});
