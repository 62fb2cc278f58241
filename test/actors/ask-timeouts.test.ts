/** Calls expire in time and in order, however many were answered in between. */
import { ManualClock } from "tidemark/testing";
import { expect, it } from "vitest";
import { AskTimeouts } from "../../src/kernel/ask-timeouts.js";

it("calls that are never answered expire when they are due, those answered around them don't", async () => {
  const clock = new ManualClock();
  const timeouts = new AskTimeouts(clock);
  const expired: string[] = [];
  const watched = (name: string) => {
    const call = { settled: false, deadlineMs: 0, expire: () => void expired.push(name) };
    timeouts.watch(call, 1_000);
    return call;
  };
  watched("first");
  for (let n = 0; n < 5_000; n++) watched("answered").settled = true;
  await clock.advance(400);
  watched("second");
  for (let n = 0; n < 5_000; n++) watched("answered").settled = true;
  await clock.advance(599);
  expect(expired).toEqual([]);
  await clock.advance(1);
  expect(expired).toEqual(["first"]);
  await clock.advance(400);
  expect(expired).toEqual(["first", "second"]);
});
