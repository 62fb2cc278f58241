/** A service as its supervisor sees it: a process that is started, tells how it stands, is killed, and is started again. */
import { fork, type ChildProcess } from "node:child_process";

export class ServiceProcess<Report extends { readonly what: string }> {
  readonly #path: URL;
  readonly #args: readonly string[];
  readonly reports: Report[] = [];
  #child: ChildProcess | undefined;
  #ended: Promise<void> = Promise.resolve();
  #waiting: {
    readonly isIt: (report: Report) => boolean;
    readonly resolve: (report: Report) => void;
  }[] = [];

  constructor(file: string, args: readonly string[]) {
    this.#path = new URL(file, import.meta.url);
    this.#args = args;
  }

  /** Resolves once it has opened its journal and answers. */
  async start(): Promise<void> {
    const child = fork(this.#path, this.#args);
    this.#child = child;
    this.#ended = new Promise((resolve) => child.once("exit", () => resolve()));
    child.on("message", (message) => this.#take(message as Report));
    await Promise.race([
      this.reported(({ what }) => what === "ready"),
      this.#ended.then(() => Promise.reject(new Error(`${this.#path.pathname} ended`))),
    ]);
  }

  /** Resolves with the next report that is it. */
  reported(isIt: (report: Report) => boolean): Promise<Report> {
    return new Promise((resolve) => this.#waiting.push({ isIt, resolve }));
  }

  #take(report: Report): void {
    this.reports.push(report);
    const waiting = this.#waiting;
    this.#waiting = waiting.filter(({ isIt }) => !isIt(report));
    for (const { isIt, resolve } of waiting) if (isIt(report)) resolve(report);
  }

  /** With SIGKILL, wherever it is. */
  async kill(): Promise<void> {
    this.#child?.kill("SIGKILL");
    await this.#ended;
    this.#child = undefined;
  }

  async stop(): Promise<void> {
    if (this.#child?.connected) this.#child.disconnect();
    await this.#ended;
    this.#child = undefined;
  }
}
