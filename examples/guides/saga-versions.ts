/** A machine that changes while instances live, as docs/guides/sagas.md has it; test/docs/guides/sagas.test.ts deploys it. */
import { saga, type Runtime } from "tidemark";
import { createMachine } from "xstate";

const machineV1 = createMachine({
  id: "invoice",
  initial: "waiting",
  context: { tries: 1 },
  states: { waiting: { on: { Paid: "done" } }, done: { type: "final" } },
});

const machineV2 = createMachine({
  id: "invoice",
  initial: "asking",
  context: {},
  states: { asking: { on: { Paid: "done" } }, done: { type: "final" } },
});

const machineV3 = createMachine({
  id: "invoice",
  initial: "paying",
  context: { tries: 0 },
  states: { paying: { on: { Paid: "done" } }, done: { type: "final" } },
});

export const InvoiceV1 = saga({ name: "invoice", version: 1, machine: machineV1 });

export const InvoiceV2 = saga({
  name: "invoice",
  version: 2,
  machine: machineV2,
  earlier: { 1: { machine: machineV1 } },
});

// #region earlier
export const InvoiceV3 = saga({
  name: "invoice",
  version: 3,
  machine: machineV3,
  earlier: {
    1: { machine: machineV1 },
    2: {
      migrate: ({ context, timers }) => ({
        value: "paying",
        context: { ...(context as object), tries: 0 },
        timers,
      }),
    },
  },
});
// #endregion

/** What somebody forgot. */
export const Careless = saga({ name: "invoice", version: 3, machine: machineV3 });

export async function beforeDeploying(runtime: Runtime) {
  // #region check
  const report = await runtime.sagas.check(InvoiceV3);
  console.log(String(report)); // by version and state: how many, and what becomes of them
  // #endregion
  return { report, careless: await runtime.sagas.check(Careless) };
}
