/**
 * Shows what a runtime answers to the tools of NATS (`nats micro ls`, `info`, `stats`, `ping`): the protocol of NATS services,
 * ADR-32. The client has one of its own, but there an endpoint can't be taken away without stopping the service, and times only
 * handlers that are synchronous.
 */
import { createHash } from "node:crypto";
import { createRequire } from "node:module";
import type { Msg, NatsConnection } from "nats";
import type { TransportHost } from "../transport.js";
import { QUEUE, type Served } from "./served.js";
import { encodeToken, type Subjects } from "./subjects.js";

const { version } = createRequire(import.meta.url)("tidemark/package.json") as { version: string };
const DESCRIPTION = "A runtime of Tidemark: commands of aggregates, and endpoints";
const PLAIN = /^[A-Za-z0-9_-]{1,64}$/;

type Verb = "PING" | "INFO" | "STATS";

export class ServiceDiscovery {
  readonly #host: TransportHost;
  readonly #name: string;
  readonly #id: string;
  readonly #started: string;
  readonly #served: () => Iterable<Served>;

  constructor(subjects: Subjects, host: TransportHost, served: () => Iterable<Served>) {
    this.#host = host;
    this.#name = subjects.serviceName;
    this.#id = encodeToken(host.ids.newId());
    this.#started = new Date(host.clock.nowMs()).toISOString();
    this.#served = served;
  }

  attach(connection: NatsConnection): void {
    for (const verb of ["PING", "INFO", "STATS"] as const) {
      const all = `$SRV.${verb}`;
      for (const subject of [all, `${all}.${this.#name}`, `${all}.${this.#name}.${this.#id}`])
        connection.subscribe(subject, {
          callback: (error, message) => {
            if (error === null) this.#answer(verb, message);
            else
              this.#host.logger.debug(
                { subject, error },
                "NATS doesn't let this service be discovered",
              );
          },
        });
    }
  }

  #answer(verb: Verb, message: Msg): void {
    const answer = {
      type: `io.nats.micro.v1.${verb.toLowerCase()}_response`,
      name: this.#name,
      id: this.#id,
      version,
      metadata: { store: this.#host.storeId },
      ...this.#details(verb),
    };
    message.respond(Buffer.from(JSON.stringify(answer)));
  }

  #details(verb: Verb): object {
    const served = [...this.#served()];
    if (verb === "INFO") return { description: DESCRIPTION, endpoints: served.map(infoOf) };
    if (verb === "STATS") return { started: this.#started, endpoints: served.map(statsOf) };
    return {};
  }
}

function infoOf({ service, subject }: Served) {
  const described =
    service.kind === "endpoint"
      ? { kind: "endpoint", name: service.name, description: service.description }
      : { kind: "command", aggregate: service.aggregate };
  return { ...namesOf({ service, subject }), metadata: described };
}

function statsOf({ service, subject, stats }: Served) {
  const { num_requests, processing_time } = stats;
  return {
    ...namesOf({ service, subject }),
    ...stats,
    average_processing_time: num_requests === 0 ? 0 : Math.round(processing_time / num_requests),
  };
}

function namesOf({ service, subject }: Pick<Served, "service" | "subject">) {
  const name = service.kind === "endpoint" ? service.name : service.aggregate;
  // Tools take plain names only; the name itself is in the metadata.
  const plain = PLAIN.test(name)
    ? name
    : createHash("sha256").update(name).digest("hex").slice(0, 16);
  return {
    name: service.kind === "endpoint" ? plain : `command-${plain}`,
    subject,
    queue_group: QUEUE,
  };
}
