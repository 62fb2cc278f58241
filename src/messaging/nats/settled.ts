import type { NatsConnection, Subscription } from "nats";

/**
 * Waits until the server has taken what was written so far, or the connection has ended: the client leaves a flush hanging when
 * its connection ends.
 */
export async function flushed(connection: NatsConnection | undefined): Promise<void> {
  if (connection === undefined || connection.isClosed()) return;
  await Promise.race([connection.flush(), connection.closed()]).catch(() => undefined);
}

/** Takes no more, and waits until what the server had sent was handed out, or the connection has ended. */
export async function drained(
  subscription: Subscription,
  connection: NatsConnection,
): Promise<void> {
  if (connection.isClosed()) return;
  await Promise.race([subscription.drain(), connection.closed()]).catch(() => undefined);
}
