/**
 * A mail provider, as far as this example needs one: it takes a mail under an id, and a second one under the same id it
 * knows. What it sent is in a file, so that it outlives whoever is killed; a real one is another company.
 */
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

export interface Mail {
  readonly to: string;
  readonly subject: string;
}

/** One request, as the file has it. */
export interface MailRequest extends Mail {
  readonly effectId: string;
  /** It had come before, and wasn't sent again. */
  readonly repeated: boolean;
}

const LATENCY_MS = 5;

export class MailProvider {
  readonly #path: string;
  readonly #known = new Set<string>();
  readonly #requests: MailRequest[] = [];

  constructor(path: string) {
    this.#path = path;
    if (!existsSync(path)) return;
    for (const line of readFileSync(path, "utf8").split("\n").filter(Boolean))
      this.#add(JSON.parse(line) as MailRequest);
  }

  async send(effectId: string, mail: Mail, signal: AbortSignal): Promise<void> {
    await delay(LATENCY_MS, undefined, { signal });
    const request = { effectId, ...mail, repeated: this.#known.has(effectId) };
    appendFileSync(this.#path, `${JSON.stringify(request)}\n`);
    this.#add(request);
    await delay(LATENCY_MS, undefined, { signal });
  }

  /** Mails that went out. */
  get sent(): readonly MailRequest[] {
    return this.#requests.filter(({ repeated }) => !repeated);
  }

  /** Requests for mails that had gone out already. */
  get repeated(): readonly MailRequest[] {
    return this.#requests.filter(({ repeated }) => repeated);
  }

  get requests(): number {
    return this.#requests.length;
  }

  #add(request: MailRequest): void {
    this.#known.add(request.effectId);
    this.#requests.push(request);
  }
}
