/**
 * A mail provider, as far as this example needs one. It takes each mail under an id, and answers a request that comes again
 * under the same id as it did the first time. It is another company: whatever is killed here, it remembers.
 */
export interface Mail {
  readonly to: string;
  readonly subject: string;
}

export type Delivery =
  { readonly status: "sent" } | { readonly status: "refused"; readonly reason: string };

export class MailProvider {
  /** By effect id. */
  readonly #answers = new Map<string, Delivery>();
  readonly #refusalsLeft = new Map<string, number>();
  readonly #sent: (Mail & { readonly effectId: string })[] = [];
  #requests = 0;

  /** @param refusals - By address: how many mails to it are refused before one is taken. */
  constructor(refusals: ReadonlyMap<string, number>) {
    this.#refusalsLeft = new Map(refusals);
  }

  async send(effectId: string, mail: Mail): Promise<Delivery> {
    this.#requests += 1;
    // As long as it takes to reach another company.
    await new Promise((resolve) => setImmediate(resolve));
    const known = this.#answers.get(effectId);
    if (known !== undefined) return known;
    const answer = this.#answerTo(mail);
    if (answer.status === "sent") this.#sent.push({ effectId, ...mail });
    this.#answers.set(effectId, answer);
    return answer;
  }

  #answerTo({ to }: Mail): Delivery {
    const left = this.#refusalsLeft.get(to) ?? 0;
    if (left === 0) return { status: "sent" };
    this.#refusalsLeft.set(to, left - 1);
    return { status: "refused", reason: "mailbox is full" };
  }

  /** Mails that went out. */
  get sent(): readonly (Mail & { readonly effectId: string })[] {
    return this.#sent;
  }

  get requests(): number {
    return this.#requests;
  }

  /** Requests that came again. */
  get repetitions(): number {
    return this.#requests - this.#answers.size;
  }
}
