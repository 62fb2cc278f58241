import { journalConformance } from "../conformance/journal.js";
import { lmdbHarness, memoryHarness } from "../support/journals.js";

journalConformance({ name: "memory journal", newHarness: () => memoryHarness() });
journalConformance({ name: "LMDB journal", newHarness: () => lmdbHarness() });
