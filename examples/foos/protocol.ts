/** `foos.proto`, loaded, and its messages as types. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { loadPackageDefinition, type ServiceClientConstructor } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";

export type Which = "ALL" | "ACTIVE" | "INACTIVE";

export interface GetFooRequest {
  readonly id: string;
  readonly fresh?: boolean;
}

export interface GetFooReply {
  readonly foo: FooMessage;
  readonly position: number;
}

export interface GetFoosRequest {
  readonly which: Which;
  readonly pageSize?: number;
  readonly pageToken?: string;
  readonly fresh?: boolean;
}

export interface GetFoosReply {
  readonly foos: readonly FooMessage[];
  readonly nextPageToken: string;
  readonly position: number;
}

export interface FooMessage {
  readonly id: string;
  readonly barId: string;
  readonly bazId: string;
  readonly isActive: boolean;
  readonly value: number;
  readonly lastUpdateAt: string;
  readonly readings: number;
  readonly history: readonly HistoryMessage[];
}

export interface HistoryMessage {
  readonly version: number;
  readonly isActive: boolean;
  readonly value: number;
  readonly takenAt: string;
}

// Compiled code is in another folder than the proto; both are found from the package.
const PACKAGE = fileURLToPath(new URL(".", import.meta.resolve("tidemark/package.json")));

const loaded = loadPackageDefinition(
  loadSync(join(PACKAGE, "examples", "foos", "foos.proto"), {
    enums: String,
    longs: Number,
    defaults: true,
  }),
);

/** Makes clients; its `service` describes the calls to a server. */
export const FoosClient = (loaded["foos"] as Record<string, ServiceClientConstructor>)[
  "Foos"
] as ServiceClientConstructor;
