/** Starts, kills and pauses the services. */
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { ServiceName } from "./services.js";

export interface Published {
  readonly published: number;
  readonly losses: number;
}

export class ServiceProcesses {
  readonly #directory: string;
  readonly #server: string;
  readonly #children = new Map<ServiceName, ChildProcess>();

  /** @param server - Host and port of the NATS server. */
  constructor(directory: string, server: string) {
    this.#directory = directory;
    this.#server = server;
  }

  directoryOf(name: ServiceName): string {
    return join(this.#directory, name);
  }

  /** Resolves once it is open; on what it has recorded, where it ran before. */
  async start(name: ServiceName): Promise<void> {
    mkdirSync(this.directoryOf(name), { recursive: true });
    const path = new URL("./service-process.js", import.meta.url);
    const child = fork(path, [name, this.directoryOf(name), this.#server]);
    this.#children.set(name, child);
    await new Promise<void>((resolve, reject) => {
      child.once("message", () => resolve());
      child.once("error", reject);
      child.once("exit", (code) => reject(new Error(`the ${name} service ended with ${code}`)));
    });
  }

  kill(name: ServiceName): Promise<void> {
    return this.#end(name, "SIGKILL");
  }

  /** It keeps its connections, and answers nothing until it is resumed. */
  pause(name: ServiceName): void {
    this.#children.get(name)?.kill("SIGSTOP");
  }

  resume(name: ServiceName): void {
    this.#children.get(name)?.kill("SIGCONT");
  }

  /** What it has published since it was started, and how often the server had lost that. */
  async published(name: ServiceName): Promise<Published> {
    const child = this.#children.get(name);
    if (child === undefined) throw new Error(`the ${name} service doesn't run`);
    const answered = once(child, "message") as Promise<[Published]>;
    child.send("published?");
    return (await answered)[0];
  }

  async stopAll(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    await Promise.all([...this.#children.keys()].map((name) => this.#end(name, signal)));
  }

  async #end(name: ServiceName, signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    const child = this.#children.get(name);
    if (child === undefined) return;
    this.#children.delete(name);
    const exited = once(child, "exit");
    child.kill(signal);
    await exited;
  }
}
