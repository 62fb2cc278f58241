/** Copies of the journal. */
import { isAbsolute } from "node:path";
import { backupStore } from "../maintenance/backup-store.js";
import { InvalidArgumentError } from "../kernel/errors.js";
import { text } from "./fields.js";
import type { OperationEntries } from "./operation.js";
import { reason } from "./projection-operations.js";

const PATH_CHARACTERS_MAX = 4_096;

export const maintenanceOperations: OperationEntries<"backup"> = {
  backup: {
    changes: true,
    fields: { to: text(PATH_CHARACTERS_MAX), reason },
    run: async ({ parts }, { to }) => {
      // Where the service happens to have been started isn't for an operator to know.
      if (!isAbsolute(to))
        throw new InvalidArgumentError("to", "a full path on the service's machine", to);
      const { directory } = parts;
      if (directory === undefined)
        throw new InvalidArgumentError("runtime", "one on a directory", "one in memory");
      return { report: await backupStore(directory, to) };
    },
  },
};
