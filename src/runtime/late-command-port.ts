/** Where commands go before the actors are there: reactors begin with what an earlier life left, and the actors come after them. */
import type { CommandPort } from "../kernel/command-port.js";

export class LateCommandPort implements CommandPort {
  #open: (port: CommandPort) => void = () => undefined;
  readonly #port = new Promise<CommandPort>((resolve) => (this.#open = resolve));

  /** What waits goes there, and what comes. */
  open(port: CommandPort): void {
    this.#open(port);
  }

  async ask(...call: Parameters<CommandPort["ask"]>): ReturnType<CommandPort["ask"]> {
    const port = await this.#port;
    return port.ask(...call);
  }
}
