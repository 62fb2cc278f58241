/** Another service, in a process of its own: asks over gRPC, and tells its parent what it was answered. */
import { status } from "@grpc/grpc-js";
import { Foos } from "./client.js";
import { fooIdOf } from "./foo.js";
import type { FooMessage } from "./protocol.js";

export interface Answers {
  readonly all: readonly FooMessage[];
  readonly active: readonly FooMessage[];
  readonly inactive: readonly FooMessage[];
  readonly one: FooMessage;
  /** Code of gRPC for a foo that nobody has heard of. */
  readonly unknown: number;
  /** And for a page token that belongs to another question. */
  readonly foreignToken: number;
}

const PAGE_SIZE = 40;

const foos = new Foos(Number(process.argv[2]));
const { nextPageToken: tokenOfAll } = await foos.getFoos({ which: "ALL", pageSize: 1 });
const answers: Answers = {
  all: await foos.everyFoo("ALL", PAGE_SIZE),
  active: await foos.everyFoo("ACTIVE", PAGE_SIZE),
  inactive: await foos.everyFoo("INACTIVE", PAGE_SIZE),
  one: (await foos.getFoo({ id: fooIdOf({ barId: "bar-1", bazId: "baz-2" }) })).foo,
  unknown: await codeOf(foos.getFoo({ id: fooIdOf({ barId: "bar-1", bazId: "nowhere" }) })),
  foreignToken: await codeOf(foos.getFoos({ which: "ACTIVE", pageToken: tokenOfAll })),
};
foos.close();
process.send?.(answers, () => process.disconnect());

async function codeOf(call: Promise<unknown>): Promise<number> {
  try {
    await call;
    return status.OK;
  } catch (error) {
    return (error as { readonly code: number }).code;
  }
}
