import { MemoryDirectory, openMemoryRuntime } from "tidemark/testing";
import { describe, expect, it } from "vitest";
import { outcomeOf, startExample, startProgram } from "../support/programs.js";
import { temporaryDirectory } from "../support/directories.js";
import { Booking } from "../../examples/privacy/booking.js";
import { badgesView } from "../../examples/privacy/badges-view.js";
import { Guest } from "../../examples/privacy/guest.js";
import { hotelView } from "../../examples/privacy/hotel-view.js";
import { documentsOf, showsOf } from "../../examples/privacy/report.js";
import { withHotel } from "../../examples/privacy/service.js";
import {
  ANN,
  BEN,
  guestId,
  person,
  register,
  season,
  traces,
} from "../../examples/privacy/traffic.js";

const ann = guestId(ANN);

const openSmall = (directory: MemoryDirectory) =>
  openMemoryRuntime({
    directory,
    aggregates: [Guest, Booking],
    projections: [hotelView, badgesView],
    privacy: { masterKey: () => ({ id: "test", key: Buffer.alloc(32, 9) }) },
  });

describe("the privacy example", () => {
  it("shows a forgotten guest nowhere and everything else as it was, killed behind the proof, with copies restored", async () => {
    const { output, code } = await startExample("privacy", ["--ci"]).ended;
    for (const line of [
      "by e-mail address  g-7, Annabel Archer-Quillfeather",
      "in all files        0 texts in plain; 1 with a planted one",
      "The process that forgets ends by SIGKILL",
      "guest       [erased], [erased], [erased]",
      "backup, keys of today     0 texts of Ann, 3 of Ben",
      "g-7 comes again, with another   accepted",
    ])
      expect(output).toContain(line);
    expect(outcomeOf(output)).toMatchObject({
      "texts of Ann that the service shows": "4",
      "found in plain in any file": "0",
      "found of a planted file": "1",
      "the process that forgets": "'SIGKILL'",
      "texts of Ann, forgotten": "0",
      "names in their stay": "'[erased] and Benedikt Birdwhistle'",
      "the view, built anew, is the same": "true",
      "proof of": "'g-7'",
      "addresses that it would give back": "1",
      "their key, in the keys of today": "false",
      "texts of Ann, backup without keys": "0",
      "texts of Ann, backup with keys of today": "0",
      "texts of Ann, old keys beside the store": "0",
      "texts of Ann, backup with keys as old": "4",
      "the address, for somebody new": "'accepted'",
      "found in plain in any file, in the end": "0",
    });
    expect(code, output).toBe(0);
  });

  it("forgets a guest once, however often the process that does it is killed and started again", async () => {
    const directory = temporaryDirectory();
    await withHotel(directory, (runtime) => season(runtime, 10));
    for (let n = 0; n < 3; n++) {
      const path = "examples/privacy/forgetting-process.js";
      const { signal, output } = await startProgram(path, [directory, ann]).ended;
      expect(signal, output).toBe("SIGKILL");
    }
    await withHotel(directory, async (runtime) => {
      const proof = { subject: ann, by: "desk", events: 4, claims: { email: 1 } };
      expect(runtime.privacy.forgotten()).toMatchObject([proof]);
      expect(runtime.findClaim("email", person(ANN).email)).toBeUndefined();
      expect(runtime.findClaim("email", person(BEN).email)?.entityId).toBe(guestId(BEN));
      expect(await showsOf(runtime, traces(ANN))).toBe(0);
      expect(await showsOf(runtime, traces(BEN))).toBe(traces(BEN).length);
    });
  });

  it("gives the address of a guest to another, whether they left before they were forgotten or not", async () => {
    const runtime = await openSmall(new MemoryDirectory());
    await season(runtime, 10);
    await runtime.ask(Guest, ann, { type: "Leave" });
    for (const each of [ann, guestId(BEN)]) await runtime.privacy.forget(each);
    expect(await register(runtime, "new-1", person(BEN))).toBe("accepted");
    expect(await register(runtime, "new-2", person(ANN))).toBe("accepted");
    expect(await register(runtime, "new-3", person(BEN))).toBe("email-taken");
    await runtime.close();
  });

  it("has the same documents when it is opened again after everybody was forgotten", async () => {
    const directory = new MemoryDirectory();
    let runtime = await openSmall(directory);
    await season(runtime, 10);
    const known = await documentsOf(runtime);
    for (let n = 0; n < 10; n++) await runtime.privacy.forget(guestId(n));
    const forgotten = await documentsOf(runtime);
    expect(forgotten).toHaveLength(known.length);
    expect(JSON.stringify(forgotten)).not.toContain("example.org");
    expect(forgotten).toContainEqual(known.at(-1));
    await runtime.close();
    runtime = await openSmall(directory);
    expect(await documentsOf(runtime)).toEqual(forgotten);
    await runtime.close();
  });
});
