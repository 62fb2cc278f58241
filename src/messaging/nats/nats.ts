import type { Transport } from "../transport.js";
import { NatsTransportConnection } from "./nats-connection.js";
import { settingsOf, type NatsOptions } from "./options.js";

/**
 * Commands by request and reply, events in one JetStream stream, endpoints as NATS services.
 *
 * A server that isn't there is waited for, and a connection that is lost is made again, for ever. Meanwhile requests fail at once
 * with DisconnectedError and events wait in the journal.
 *
 * @throws InvalidArgumentError - An option can't be used, a URL holds credentials, or a server off this machine is to be talked
 * to without TLS. Secrets are never part of an error, a log line or a status.
 */
export function nats(options: NatsOptions): Transport {
  const settings = settingsOf(options);
  return {
    name: "nats",
    async connect(host) {
      const connection = new NatsTransportConnection(settings, host);
      await connection.start();
      return connection;
    },
  };
}
