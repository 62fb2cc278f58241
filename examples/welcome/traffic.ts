/** People who sign up: most of them properly, some with an address that is taken, some with none. */
import { User, type Registration } from "./user.js";
import { mailsAreOut, type Service } from "./service.js";

export interface SignUp extends Registration {
  readonly userId: string;
}

/** One in fifteen has no address at all, one in ten the address of somebody who was there before. */
export function signUp(n: number): SignUp {
  const owner = n % 10 === 9 ? n - 9 : n;
  const email = n % 15 === 14 ? "none" : `user-${owner}@example.org`;
  return { userId: `user-${n}`, name: `User ${n}`, email };
}

/** Those who are to be welcomed. */
export function isProper(n: number): boolean {
  return n % 15 !== 14 && n % 10 !== 9;
}

/** Sign-ups at a time, and mails that may wait before the next ones come. */
const AT_ONCE = 3;
const WAITING_MAX = 10;

/**
 * Signs up everybody who isn't yet. The id of the command is theirs: asked again after a crash, it is answered from the
 * journal.
 *
 * @returns How many were refused.
 */
export async function signUpAll(
  service: Service,
  count: number,
  onSignedUp: (userId: string) => void = () => undefined,
): Promise<number> {
  let refused = 0;
  const one = async (n: number): Promise<void> => {
    const { userId, ...data } = signUp(n);
    const command = { type: "Register", data } as const;
    const options = { commandId: `sign-up-${n}` };
    const answer = await service.runtime.ask(User, userId, command, options);
    if (answer.status === "rejected") refused += 1;
    else if (!answer.duplicate) onSignedUp(userId);
  };
  for (let first = 0; first < count; first += AT_ONCE) {
    const some = Array.from({ length: Math.min(AT_ONCE, count - first) }, (_, at) => first + at);
    await Promise.all(some.map(one));
    await mailsAreOut(service, WAITING_MAX);
  }
  return refused;
}
