// What tenants cost: time to open one, memory and file descriptors of those open. For docs/guides/tenants.md.
//
//   npm run build && N=400 node --expose-gc scripts/measure-tenants.mjs
import { openTenants, aggregate } from "../dist/src/index.js";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mkdtempSync, rmSync } from "node:fs";
const A = aggregate({
  name: "account",
  initialState: () => ({ cents: 0 }),
  decide: { Deposit: (_s, d) => ({ type: "Deposited", data: d }) },
  evolve: { Deposited: (s, { cents }) => ({ cents: s.cents + cents }) },
});
const root = mkdtempSync(join(tmpdir(), "tidemark-tenants-"));
const N = Number(process.env.N ?? 400);
const pay = (t, id) => t.use(id, (r) => r.ask(A, "a", { type: "Deposit", data: { cents: 1 } }));
const med = (x) => x.sort((a, b) => a - b)[x.length >> 1].toFixed(1);
const rss = () => {
  global.gc?.();
  return process.memoryUsage().rss / 2 ** 20;
};
let t = await openTenants({ directory: root, aggregates: [A], freeBytesMin: 0, openMax: 50 });
for (let n = 0; n < N; n++) t.create(`t${n}`);
const before = rss();
const first = [],
  again = [],
  warm = [];
let peak = 0;
for (let n = 0; n < N; n++) {
  const s = performance.now();
  await pay(t, `t${n}`);
  first.push(performance.now() - s);
  if (n % 50 === 49) {
    const r = rss();
    const m = process.memoryUsage();
    console.log(
      fs
        .readFileSync("/proc/self/status", "utf8")
        .match(/Rss(Anon|File):.*/g)
        .join(" "),
      "maps",
      fs.readFileSync("/proc/self/maps", "utf8").split("\n").length,
      "fds",
      fs.readdirSync("/proc/self/fd").length,
      "heap",
      (m.heapUsed / 2 ** 20).toFixed(1),
      "ext",
      (m.external / 2 ** 20).toFixed(1),
      "buf",
      (m.arrayBuffers / 2 ** 20).toFixed(1),
    );
    peak = Math.max(peak, r);
    console.log(n + 1, "used, RSS", r.toFixed(0), "open", t.status().open);
  }
}
for (let n = 0; n < 200; n++) {
  const s = performance.now();
  await pay(t, `t${n}`);
  again.push(performance.now() - s);
}
for (let n = 0; n < 200; n++) {
  const s = performance.now();
  await pay(t, `t199`);
  warm.push(performance.now() - s);
}
console.log({
  before: before.toFixed(0),
  peak: peak.toFixed(0),
  perOpenMiB: ((peak - before) / 50).toFixed(2),
  firstUseMs: med(first),
  reopenMs: med(again),
  openAlreadyMs: med(warm),
});
const s = performance.now();
await t.close();
console.log("closing took, ms", (performance.now() - s).toFixed(0));
const o = performance.now();
t = await openTenants({ directory: root, aggregates: [A], freeBytesMin: 0 });
console.log("opening all again took, ms", (performance.now() - o).toFixed(0));
await t.close();
rmSync(root, { recursive: true });
