// Takes the protections of the journal away, one at a time, in a copy of the working tree, and expects a test to fail each
// time: a test suite that doesn't notice isn't one. Takes some minutes; run by hand: node scripts/mutation-check.mjs [name…]
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const MUTANTS = [
  {
    name: "the sync",
    file: "journal/lmdb/environment.ts",
    from: "    readOnly,\n    // Known to lmdb",
    to: "    readOnly,\n    noSync: true,\n    // Known to lmdb",
    tests: ["test/crash/power-cut.test.ts"],
  },
  {
    name: "the checksum",
    file: "journal/codec.ts",
    from: "  return bytes.length > CRC_BYTES + 1 && sealOf(bytes) === checksum(bytes);",
    to: "  return bytes.length > CRC_BYTES + 1;",
    tests: ["test/journal/lmdb-store.test.ts", "test/maintenance"],
  },
  {
    name: "the checksum of a record",
    file: "journal/codec.ts",
    from: `  if (!isSealed(bytes)) return "its checksum doesn't match";\n`,
    to: "",
    tests: ["test/journal/bad-input.test.ts"],
  },
  {
    name: "the check of the expected version",
    file: "journal/admission.ts",
    from: "  if (!met) throw",
    to: "  if (!met && stream.streamId === undefined) throw",
    tests: ["test/journal/conformance.test.ts"],
  },
  {
    name: "the condition on the head",
    file: "journal/lmdb/log-file.ts",
    from: "this.#table.ifNoExists(first.position, () => {",
    to: "this.#table.ifNoExists(-first.position, () => {",
    tests: ["test/crash/three-writers.test.ts", "test/journal/group-commit.test.ts"],
  },
  {
    name: "the check of the command id",
    file: "journal/admission.ts",
    from: "  if (recordedFor === undefined) return false;",
    to: "  if (recordedFor === undefined || recordedFor === streamId) return false;",
    tests: ["test/journal/conformance.test.ts"],
  },
  {
    name: "the owner lock",
    file: "journal/lmdb/open.ts",
    from: "  const lock = OwnerLock.acquire(directory, clock, ids);",
    to: '  rmSync(join(directory, "owner.json"), { force: true });\n  const lock = OwnerLock.acquire(directory, clock, ids);',
    tests: ["test/journal/lmdb-store.test.ts"],
  },
  {
    name: "waiting for the disk",
    file: "journal/lmdb/group-commit.ts",
    from: "    this.#options.write(group).then(",
    to: "    void this.#options.write(group).catch(() => false);\n    Promise.resolve(true).then(",
    tests: ["test/crash/power-cut.test.ts", "test/journal/group-commit.test.ts"],
  },
];

const wanted = process.argv.slice(2);
const root = resolve(import.meta.dirname, "..");
const copy = mkdtempSync(join(tmpdir(), "tidemark-mutants-"));
let survivors = 0;
try {
  const files = execFileSync("git", ["ls-files", "-z"], { cwd: root, encoding: "utf8" });
  for (const file of files.split("\0").filter(Boolean))
    cpSync(join(root, file), join(copy, file), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
  for (const { name, file, from, to, tests } of MUTANTS) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    const path = join(copy, file);
    const original = readFileSync(path, "utf8");
    if (original.split(from).length !== 2)
      throw new Error(`${file} doesn't have exactly one: ${from}`);
    writeFileSync(
      path,
      original.replace(from, () => to),
    );
    const args = ["node_modules/vitest/vitest.mjs", "run", "--typecheck.enabled=false", ...tests];
    const { status, stdout } = spawnSync(process.execPath, args, { cwd: copy, encoding: "utf8" });
    writeFileSync(path, original);
    const failed = /(\d+) failed/.exec(stdout.split("Tests").at(-1) ?? "")?.[1] ?? "0";
    // A run that ended without a failed test never came to the tests: it says nothing.
    const verdict = status === 0 ? "SURVIVED" : failed === "0" ? "BROKE   " : "killed  ";
    if (verdict !== "killed  ") survivors += 1;
    console.log(`${verdict} without ${name}: ${failed} tests failed`);
  }
} finally {
  rmSync(copy, { recursive: true, force: true });
}
console.log(`mutation check: ${survivors} survived`);
process.exitCode = survivors === 0 ? 0 : 1;
