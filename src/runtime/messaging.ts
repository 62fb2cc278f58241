/** Assembly of messaging: what it may do with the actors and the views of a runtime. */
import type { ActorSystem } from "../../actors/index.js";
import type { Journal, ViewStore } from "../../journal/index.js";
import { adminEndpoint, type AdminService } from "../admin/index.js";
import type { Endpoint } from "../messaging/endpoint.js";
import { Messaging } from "../messaging/messaging.js";
import type { CommandAnswer } from "../kernel/command-port.js";
import type { Message } from "../kernel/event.js";
import type { Wire } from "../privacy/wire.js";
import type { Readers } from "../projections/readers.js";
import { endpoint, type EndpointContext } from "./endpoint.js";
import { healthWith, journalProblems } from "./health.js";
import type { LocalCommands } from "./local-commands.js";
import {
  messagingOptionsOf,
  STATUS_ENDPOINT,
  type RuntimeOptions,
  type RuntimePorts,
} from "./options.js";

interface Parts {
  readonly stores: {
    readonly journal: Journal;
    readonly views: ViewStore;
    readonly readOnly: boolean;
  };
  readonly actors: ActorSystem;
  readonly local: LocalCommands;
  readonly readers: Readers;
  readonly askTimeoutMs: number;
  /** Seals what leaves and opens what comes, where anything is personal. */
  readonly wire?: Wire | undefined;
}

/** Opens what a runtime has to do with messages. Throws what `Messaging.open` throws. */
export async function openMessaging(
  { stores, actors, local, readers, askTimeoutMs, wire }: Parts,
  options: RuntimeOptions,
  ports: RuntimePorts,
  admin: () => AdminService | undefined = () => undefined,
): Promise<Messaging<never>> {
  const context = (signal: AbortSignal): EndpointContext => ({
    view: (projection, ...collection) => readers.view(projection, ...collection),
    query: (projection, read, given = {}) => readers.query(projection, read, given),
    signal,
  });
  let messaging: Messaging<EndpointContext> | undefined = undefined;
  const status = () => briefStatus(stores.journal, actors, readers, messaging);
  const { endpoints = [] } = options;
  const answers = endpoints.length > 0 || options.messaging !== undefined;
  const service = options.service ?? stores.journal.storeId;
  const operating = adminEndpoint<EndpointContext>(service, options.admin ?? {}, admin);
  const own = [statusEndpoint(status), ...(operating === undefined ? [] : [operating])];
  messaging = await Messaging.open<EndpointContext>({
    ...stores,
    ...ports,
    ...messagingOptionsOf(options),
    askTimeoutMs,
    endpoints: answers ? [...(endpoints as readonly AnyServed[]), ...own] : [],
    ask: async (aggregate, entityId, given, options) => {
      const command = wire?.incoming(given) ?? given;
      const answer = await local.askByName(aggregate, entityId, command, options);
      return wire?.answerOut(answer) ?? answer;
    },
    ...(wire && {
      outgoing: (data: unknown, command: Message) => wire.outgoing(data, command),
      answered: (answer: CommandAnswer) => wire.answerIn(answer),
    }),
    endpointContext: context,
  });
  return messaging as unknown as Messaging<never>;
}

type AnyServed = Endpoint<unknown, unknown, EndpointContext>;

/** What it tells holds no payloads: whoever may call endpoints may see it. */
function statusEndpoint(status: () => object): AnyServed {
  return endpoint({
    name: STATUS_ENDPOINT,
    description: "How this runtime stands, in brief",
    answer: status,
  });
}

function briefStatus(
  journal: Journal,
  actors: ActorSystem,
  readers: Readers,
  messaging: Messaging<EndpointContext> | undefined,
): object {
  const figures = journal.figures();
  const { head, inFlightBytes } = figures;
  const brief = ({ name, ...status }: { readonly name: string } & Standing) => ({
    name,
    state: status.state,
    position: status.position,
    lagEvents: status.lagEvents,
    parked: status.parked,
  });
  const problems = [...journalProblems(figures), ...(messaging?.problems() ?? [])];
  const health = healthWith(readers.health(), problems);
  const told = messaging?.status();
  return {
    storeId: journal.storeId,
    health: health.state,
    problems: health.problems.map(({ reader, problem }) => `${reader}: ${problem}`),
    journal: { head, inFlightBytes },
    actors: actors.figures(),
    projections: readers
      .projectionStatuses()
      .flatMap(({ name, generations: [serving] }) =>
        serving === undefined ? [] : [brief({ ...serving, name })],
      ),
    reactors: readers.reactorStatuses().map(brief),
    externals: readers.externalStatuses().map(brief),
    ...(told?.relay === undefined ? {} : { relay: withoutError(told.relay) }),
    imports: told?.imports.map(withoutError) ?? [],
  };
}

interface Standing {
  readonly state: string;
  readonly position: number;
  readonly lagEvents: number;
  readonly parked: number;
}

function withoutError<T extends { readonly lastError: Error | undefined }>(status: T): object {
  const { lastError, ...rest } = status;
  return lastError === undefined ? rest : { ...rest, lastError: lastError.message };
}
