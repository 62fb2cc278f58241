import {
  endpoint,
  projection,
  collection,
  remote,
  type Answer,
  type RemoteAggregate,
  type Runtime,
} from "tidemark";
import { expectTypeOf, test } from "vitest";
import { z } from "zod";
import { Account, type AccountCommand, type AccountEvent } from "../support/account.js";

declare const runtime: Runtime;

test("a remote of a definition has its types, and only the events that are taken", () => {
  expectTypeOf(remote(Account)).toEqualTypeOf<RemoteAggregate<AccountCommand, AccountEvent>>();
  const Deposits = remote(Account, { events: ["Deposited"] });
  projection({
    name: "p",
    version: 1,
    from: [Deposits],
    collections: { rows: collection<{ cents: number }>() },
    on: {
      Deposited: ({ data }, { rows }) => rows.put("a", { cents: data.cents }),
      // @ts-expect-error -- not taken
      Opened: () => undefined,
    },
  });
  // @ts-expect-error -- no such event
  remote(Account, { events: ["Exploded"] });
});

test("a remote handle takes the aggregate's commands and answers with its events", () => {
  const handle = runtime.remote(Account);
  expectTypeOf(handle.ask("a", { type: "Touch" })).resolves.toEqualTypeOf<Answer<AccountEvent>>();
  // @ts-expect-error -- no such command
  void handle.ask("a", { type: "Explode" });
  const named = remote<{ type: "A"; data: { n: number } }, { type: "B" }>("named");
  void runtime.remote(named).ask("a", { type: "A", data: { n: 1 } });
  // @ts-expect-error -- n is a number
  void runtime.remote(named).ask("a", { type: "A", data: { n: "1" } });
});

test("calling an endpoint takes its request and gives its response", () => {
  const Foo = endpoint({
    name: "foo",
    request: z.object({ id: z.string() }),
    answer: ({ id }) => ({ id, length: id.length }),
  });
  expectTypeOf(runtime.call(Foo, { id: "a" })).resolves.toEqualTypeOf<{
    id: string;
    length: number;
  }>();
  // @ts-expect-error -- id is text
  void runtime.call(Foo, { id: 1 });
});
