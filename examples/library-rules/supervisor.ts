/** Starts the service, asks it, kills it. */
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Answer, Request } from "./service-process.js";

type AnswerOf<What extends Answer["what"]> = Extract<Answer, { readonly what: What }>;

export class Service {
  readonly #child: ChildProcess;
  #waiting: ((answer: Answer) => void) | undefined;
  #fail: (error: Error) => void = () => undefined;
  /** Events in the log when it was opened. */
  head = 0;

  private constructor(directory: string, sessionsMax: number) {
    const path = fileURLToPath(new URL("./service-process.js", import.meta.url));
    this.#child = fork(path, [directory, String(sessionsMax)], { serialization: "advanced" });
    this.#child.on("message", (answer: Answer) => this.#waiting?.(answer));
    this.#child.on("error", (error) => this.#fail(error));
    this.#child.on("exit", (code, signal) =>
      this.#fail(new Error(`the service ended with ${signal ?? code}`)),
    );
  }

  /** Resolves once it is open; on what it has recorded, where it ran before. */
  static async start(directory: string, sessionsMax: number): Promise<Service> {
    const service = new Service(directory, sessionsMax);
    service.head = (await service.#next("opened")).head;
    return service;
  }

  async ask<What extends Request["what"]>(
    request: Request & { readonly what: What },
  ): Promise<AnswerOf<What>> {
    const answered = this.#next(request.what);
    this.#child.send(request);
    return answered;
  }

  async kill(): Promise<NodeJS.Signals | null> {
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await ended;
    return this.#child.signalCode;
  }

  #next<What extends Answer["what"]>(what: What): Promise<AnswerOf<What>> {
    return new Promise((resolve, reject) => {
      this.#fail = reject;
      this.#waiting = (answer) => {
        if (answer.what !== what) throw new Error(`asked for ${what}, told ${answer.what}`);
        resolve(answer as AnswerOf<What>);
      };
    });
  }
}
