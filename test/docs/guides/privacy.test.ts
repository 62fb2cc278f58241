import { randomBytes } from "node:crypto";
import { afterEach, expect, test } from "vitest";
import type { Runtime } from "tidemark";
import {
  bookingList,
  Bookings,
  forgetGuest,
  openBookings,
} from "../../../examples/guides/privacy.js";
import { temporaryDirectory } from "../../support/directories.js";

const opened: Runtime[] = [];

afterEach(async () => {
  delete process.env["TIDEMARK_MASTER_KEY"];
  for (const runtime of opened.splice(0)) await runtime.close();
});

test("The guide's guest is forgotten in every booking, and nobody else is", async () => {
  process.env["TIDEMARK_MASTER_KEY"] = randomBytes(32).toString("base64");
  const directory = temporaryDirectory();
  const runtime = await openBookings(directory);
  opened.push(runtime);
  const [ann, bob] = [
    { guestId: "g1", name: "Annabel Archer" },
    { guestId: "g2", name: "Bob Bloomfield" },
  ];
  await runtime.ask(Bookings, "b1", {
    type: "Book",
    data: { contact: "a@a.aa", guests: [ann, bob] },
  });
  await runtime.ask(Bookings, "b2", { type: "Book", data: { contact: "b@b.bb", guests: [bob] } });
  const view = runtime.view(bookingList);
  expect(await view.get("b1", { fresh: true })).toMatchObject({
    party: "Annabel Archer and Bob Bloomfield",
  });
  expect(await forgetGuest(runtime, "g1")).toBe(1);
  expect((await runtime.state(Bookings, "b1")).state.guests).toEqual([
    { guestId: "g1", name: "[erased]" },
    bob,
  ]);
  // A text that tells of two goes with either of them.
  expect(await view.get("b1")).toEqual({ contact: "a@a.aa", party: "[erased]" });
  expect(await view.get("b2")).toMatchObject({ party: "Bob Bloomfield" });
  await runtime.operations.rebuild(bookingList);
  await runtime.operations.rebuilt(bookingList);
  expect(await view.get("b1")).toMatchObject({ party: "[erased] and Bob Bloomfield" });
  await runtime.privacy.forget("b1");
  expect((await runtime.state(Bookings, "b1")).state.contact).toBe("nobody@invalid");
  await expect(view.find("byContact", { from: "a" })).rejects.toThrow("have no order");
  expect((await view.find("byContact", { equals: "b@b.bb" })).entries).toHaveLength(1);
  expect(await forgetGuest(runtime, "g1")).toBe(0);
});
