/**
 * Opens a store and prints what it shows, as compiled: the fingerprints of rules and snapshots are made of the text of functions,
 * which a test runner changes. `node dist/test/compatibility/show-store-child.js <directory> <wall time in ms>`
 */
import { showStore } from "./describe.js";

const [directory = "", closedAtMs] = process.argv.slice(2);
console.log(JSON.stringify(await showStore(directory, Number(closedAtMs))));
