/**
 * S9 privacy: a guest of a hotel is erased from a log that never changes; nothing shows them any more, and everything else stays.
 *
 * `node dist/examples/privacy/main.js` · `--size N` guests · `--full` · `--ci` · `--directory DIR`
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { cpSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual, parseArgs } from "node:util";
import { backupStore, type Runtime } from "tidemark";
import { inTemporaryDirectory, scanForPlainText } from "tidemark/testing";
import { badgesView } from "./badges-view.js";
import { placesIn, seenIn } from "./copies.js";
import { expectedBooks } from "./expected.js";
import { Guest } from "./guest.js";
import { hotelView } from "./hotel-view.js";
import { documentsOf, lines, linesOf, showsOf } from "./report.js";
import { withHotel } from "./service.js";
import { ANN, BEN, bookingId, guestId, person, register, season, traces } from "./traffic.js";

const { values: flags } = parseArgs({
  options: {
    size: { type: "string" },
    full: { type: "boolean", default: false },
    ci: { type: "boolean", default: false },
    directory: { type: "string" },
  },
});

const count = Number(flags.size ?? (flags.full ? 5_000 : flags.ci ? 40 : 1_000));

const ann = guestId(ANN);
const annTexts = traces(ANN).length;
const bothTexts = [...traces(ANN), ...traces(BEN)];

interface Row {
  readonly stated: unknown;
  readonly found: unknown;
}

async function main(directory: string): Promise<void> {
  const outcome: Record<string, Row> = {
    ...(await alive(directory)),
    ...(await forgetting(directory)),
    ...(await afterwards(directory)),
    ...(await copies(directory)),
    ...(await coming(directory)),
  };
  console.table(outcome);
  for (const [what, { stated, found }] of Object.entries(outcome))
    assert.equal(found, stated, `not as stated: ${what}`);
}

/** Everybody is known to the service, and nobody to who reads its files. */
async function alive(directory: string): Promise<Record<string, Row>> {
  const { hotel, backup, keys, keysBefore } = placesIn(directory);
  const shown = await withHotel(hotel, async (runtime) => {
    await season(runtime, count);
    for (const view of [hotelView, badgesView]) await runtime.operations.refresh(view);
    await backupStore(hotel, backup);
    const [parked] = runtime.operations.parked(badgesView);
    console.log(`${count} guests, each with a booking for two. The desk sees`);
    const found = await runtime.view(hotelView, "guests").find("byEmail", {
      equals: person(ANN).email,
    });
    const [row] = found.entries;
    const rows = [
      ["by e-mail address", `${row?.id ?? ""}, ${row?.document.name ?? ""}`],
      ["wish", row?.document.wish ?? ""],
      ["parked", parked?.error ?? ""],
    ] as const;
    console.log(lines(rows));
    return showsOf(runtime, traces(ANN));
  });
  cpSync(keys, keysBefore, { recursive: true });
  const planted = join(directory, "planted");
  writeFileSync(planted, `left here: ${person(ANN).passport}`);
  const withPlanted = scanForPlainText(directory, bothTexts).length;
  rmSync(planted);
  const inFiles = scanForPlainText(directory, bothTexts).length;
  console.log(`  in all files        ${inFiles} texts in plain; ${withPlanted} with a planted one`);
  return {
    "texts of Ann that the service shows": { stated: annTexts, found: shown },
    "found in plain in any file": { stated: 0, found: inFiles },
    "found of a planted file": { stated: 1, found: withPlanted },
  };
}

/** Says first what it would take, and is killed in the middle. */
async function forgetting(directory: string): Promise<Record<string, Row>> {
  const { hotel } = placesIn(directory);
  const wouldTake = await withHotel(hotel, async (runtime) => {
    const report = await runtime.privacy.forget(ann, { dryRun: true });
    console.log(`\nForgetting ${ann} would make unreadable\n${linesOf(report)}`);
    assert.equal(await showsOf(runtime, traces(ANN)), annTexts, "a dry run takes nothing");
    return report;
  });
  const ending = await endOf(hotel, ann);
  console.log(`The process that forgets ends by ${ending}: the proof is there, an answer isn't.`);
  return {
    "documents that it would take": { stated: 3, found: wouldTake.documents["hotel"] },
    "parked events that it would take": { stated: 1, found: wouldTake.parked },
    "addresses that it would give back": { stated: 1, found: wouldTake.claims["email"] },
    "the process that forgets": { stated: "SIGKILL", found: ending },
  };
}

/** How the process that forgets a guest ends. */
function endOf(directory: string, guest: string): Promise<string> {
  const path = fileURLToPath(new URL("./forgetting-process.js", import.meta.url));
  const child = spawn(process.execPath, [path, directory, guest], { stdio: "inherit" });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code, signal) => resolve(signal ?? String(code)));
  });
}

/** Opened again: placeholders, and all the rest as it was. */
async function afterwards(directory: string): Promise<Record<string, Row>> {
  const { hotel, keys, keysBefore } = placesIn(directory);
  return withHotel(hotel, async (runtime) => {
    const guest = await runtime.view(hotelView, "guests").get(ann);
    const stay = await runtime.view(hotelView, "stays").get(bookingId(ANN));
    const books = await runtime.view(hotelView, "books").get("all");
    const before = await documentsOf(runtime);
    await runtime.operations.rebuild(hotelView, { by: "desk" });
    await runtime.operations.rebuilt(hotelView);
    const same = isDeepStrictEqual(await documentsOf(runtime), before);
    const party = stay?.party.join(" and ") ?? "";
    const [proof] = runtime.privacy.forgotten();
    const rows = [
      ["guest", `${guest?.name ?? ""}, ${guest?.email ?? ""}, ${guest?.wish ?? ""}`],
      ["their stay", `${party}, ${stay?.nights ?? 0} nights`],
      ["books", `${books?.nights ?? 0} nights, ${books?.revenueEuros ?? 0} euros`],
      ["parked", runtime.operations.parked(badgesView)[0]?.error ?? ""],
      ["proof", `${proof?.subject ?? ""}, ${proof?.events ?? 0} events, ${proof?.reason ?? ""}`],
    ] as const;
    console.log(`\nOpened again\n${lines(rows)}`);
    return {
      "texts of Ann, forgotten": { stated: 0, found: await showsOf(runtime, traces(ANN)) },
      "texts of Ben, who shares a stay": {
        stated: traces(BEN).length,
        found: await showsOf(runtime, traces(BEN)),
      },
      "names in their stay": { stated: `[erased] and ${person(BEN).name}`, found: party },
      "the books": {
        stated: JSON.stringify(expectedBooks(count)),
        found: JSON.stringify(books),
      },
      "the view, built anew, is the same": { stated: true, found: same },
      "proof of": { stated: ann, found: proof?.subject },
      "their key, in the copy of the keys": {
        stated: true,
        found: scanForPlainText(keysBefore, proof?.keyIds ?? []).length > 0,
      },
      "their key, in the keys of today": {
        stated: false,
        found: scanForPlainText(keys, proof?.keyIds ?? []).length > 0,
      },
    };
  });
}

/** What was copied before shows nothing; only keys that were copied before bring back what was backed up before. */
async function copies(directory: string): Promise<Record<string, Row>> {
  const { hotel, keys, backup, keysBefore } = placesIn(directory);
  const alone = await seenIn(directory, backup, undefined);
  const today = await seenIn(directory, backup, keys);
  const oldKeys = await seenIn(directory, hotel, keysBefore);
  const both = await seenIn(directory, backup, keysBefore);
  const told = ({ ann: a, ben: b }: typeof both) => `${a} texts of Ann, ${b} of Ben`;
  const rows = [
    ["backup without keys", told(alone)],
    ["backup, keys of today", told(today)],
    ["store of today, old keys", told(oldKeys)],
    ["backup, old keys", `${told(both)}: so keep no old keys`],
  ] as const;
  console.log(`\nRestored\n${lines(rows)}`);
  return {
    "texts of Ann, backup without keys": { stated: 0, found: alone.ann },
    "texts of Ann, backup with keys of today": { stated: 0, found: today.ann },
    "texts of Ben, backup with keys of today": { stated: traces(BEN).length, found: today.ben },
    "texts of Ann, old keys beside the store": { stated: 0, found: oldKeys.ann },
    "texts of Ann, backup with keys as old": { stated: annTexts, found: both.ann },
  };
}

/** The address is free, and who comes again is somebody new to the service. */
async function coming(directory: string): Promise<Record<string, Row>> {
  const { hotel } = placesIn(directory);
  const again = { ...person(ANN), email: "annabel@example.net" };
  const found = await withHotel(hotel, async (runtime) => {
    const newcomer = { ...person(count), email: person(ANN).email };
    const freed = await register(runtime, guestId(count), newcomer);
    // What is left of the guest is a state made of placeholders.
    await runtime.ask(Guest, ann, { type: "Leave" });
    const taken = await register(runtime, ann, newcomer);
    const back = await register(runtime, ann, again);
    console.log("\nLater");
    const rows = [
      ["somebody new, with the address", freed],
      [`${ann} comes again, with the same`, taken],
      [`${ann} comes again, with another`, back],
    ] as const;
    console.log(lines(rows));
    return { freed, taken, back, names: await namesOf(runtime) };
  });
  const inFiles = scanForPlainText(directory, bothTexts).length;
  const names = `[erased], ${again.name}`;
  return {
    "the address, for somebody new": { stated: "accepted", found: found.freed },
    "the address, once more": { stated: "email-taken", found: found.taken },
    "who was forgotten comes again": { stated: "accepted", found: found.back },
    "their name, of then and of now": { stated: names, found: found.names },
    "found in plain in any file, in the end": { stated: 0, found: inFiles },
  };
}

/** As it was registered first, and as it is now. */
async function namesOf(runtime: Runtime): Promise<string> {
  const first = await runtime.state(Guest, ann, { at: { version: 1 } });
  const now = await runtime.state(Guest, ann);
  return [first, now].map(({ state }) => state.person?.name ?? "").join(", ");
}

await (flags.directory === undefined ? inTemporaryDirectory(main) : main(flags.directory));
