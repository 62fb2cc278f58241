/** Another service, in a process of its own: asks over gRPC and over NATS, and tells its parent what it was answered. */
import { fooIdOf } from "./foo.js";
import { everyFoo, type FoosApi } from "./foos-api.js";
import { FoosOverGrpc } from "./grpc-client.js";
import { FoosOverNats, type ServedEndpoint } from "./nats-client.js";
import type { FooMessage } from "./protocol.js";

export interface Answers {
  readonly all: readonly FooMessage[];
  readonly active: readonly FooMessage[];
  readonly inactive: readonly FooMessage[];
  readonly one: FooMessage;
  /** Code for a foo that nobody has heard of. */
  readonly unknown: string;
  /** And for a page token that belongs to another question. */
  readonly foreignToken: string;
}

/** What it tells its parent. */
export interface Asked {
  readonly overGrpc: Answers;
  readonly overNats: Answers;
  readonly described: readonly ServedEndpoint[];
}

const PAGE_SIZE = 40;

async function answersOf(foos: FoosApi): Promise<Answers> {
  const { nextPageToken: tokenOfAll } = await foos.getFoos({ which: "ALL", pageSize: 1 });
  const codeOf = (call: Promise<unknown>) =>
    call.then(
      () => "answered",
      (error: unknown) => foos.codeOf(error),
    );
  return {
    all: await everyFoo(foos, "ALL", PAGE_SIZE),
    active: await everyFoo(foos, "ACTIVE", PAGE_SIZE),
    inactive: await everyFoo(foos, "INACTIVE", PAGE_SIZE),
    one: (await foos.getFoo({ id: fooIdOf({ barId: "bar-1", bazId: "baz-2" }) })).foo,
    unknown: await codeOf(foos.getFoo({ id: fooIdOf({ barId: "bar-1", bazId: "nowhere" }) })),
    foreignToken: await codeOf(foos.getFoos({ which: "ACTIVE", pageToken: tokenOfAll })),
  };
}

const [port = "0", servers = ""] = process.argv.slice(2);
const grpc = new FoosOverGrpc(Number(port));
const nats = await FoosOverNats.connect(servers);
const asked: Asked = {
  overGrpc: await answersOf(grpc),
  overNats: await answersOf(nats),
  described: await nats.described(),
};
await grpc.close();
await nats.close();
process.send?.(asked, () => process.disconnect());
