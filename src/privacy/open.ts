/** Opens what a runtime has to do with personal data: its keys, and the stores as its parts see them. */
import { MemoryKeys, type Journal, type KeyStore, type ViewStore } from "../../journal/index.js";
import type { Clock } from "../kernel/clock.js";
import { InvalidArgumentError } from "../kernel/errors.js";
import { KEY_BYTES } from "../kernel/leaf-cipher.js";
import type { PersonalRules } from "../kernel/personal-fields.js";
import { systemRandomBytes } from "../kernel/system-clock.js";
import type { KeyBarrier } from "./key-barrier.js";
import { KeyRing } from "./key-ring.js";
import { checkPrivacyOptions, type PrivacyOptions } from "./options.js";
import { PrivateJournal, type PersonalStream } from "./private-journal.js";
import { PrivateViews } from "./private-views.js";
import { Sealer, type Placeholders } from "./sealer.js";
import { Wire } from "./wire.js";

/** An aggregate, as far as its personal data goes. */
export interface PersonalSource {
  readonly name: string;
  readonly behavior: {
    readonly personal: PersonalRules;
    readonly personalClaims: ReadonlySet<string>;
    readonly claims: ReadonlyMap<string, unknown> | undefined;
  };
}

export interface PrivacyPorts {
  readonly journal: Journal;
  readonly views: ViewStore;
  readonly readOnly: boolean;
  /** Undefined where the store has none yet, and this is a reader. */
  readonly keys: KeyStore | undefined;
  /** Where the journal waits for keys; without it they are written at once. */
  readonly keyBarrier: KeyBarrier | undefined;
  readonly clock: Clock;
}

/** What is open. */
export interface OpenedPrivacy {
  readonly ring: KeyRing;
  readonly sealer: Sealer;
  readonly journal: PrivateJournal;
  readonly views: PrivateViews;
  readonly wire: Wire;
}

/** What is recorded as coordinators record it. */
export interface Coordinators {
  readonly sagas: readonly { readonly name: string }[];
  readonly ruleSets: readonly { readonly name: string }[];
}

const KEYS_CACHED = 10_000;
const FOREIGN_KEY_TTL_MS = 60_000;

/** @throws InvalidArgumentError - A claim is personal for one aggregate and not for another. */
export async function openPrivacy(
  options: PrivacyOptions | undefined,
  sources: readonly PersonalSource[],
  coordinators: Coordinators,
  ports: PrivacyPorts,
): Promise<OpenedPrivacy> {
  const { journal, views, clock, readOnly, keyBarrier } = ports;
  const given = options ?? withoutKeys();
  const placeholders = checkPrivacyOptions(given);
  const ring = await KeyRing.open({
    store: (options === undefined ? undefined : ports.keys) ?? new MemoryKeys(),
    storeId: journal.storeId,
    readOnly,
    masterKeys: given.masterKey,
    foreignKeys: given.foreignKeys,
    foreignKeyTtlMs: given.foreignKeyTtlMs ?? FOREIGN_KEY_TTL_MS,
    keysCached: given.keysCached ?? KEYS_CACHED,
    randomBytes: given.randomBytes ?? systemRandomBytes,
    clock,
  });
  if (keyBarrier !== undefined) keyBarrier.ring = ring;
  const sealer = new Sealer(ring, placeholders);
  const personal = {
    streams: streamsOf(sources, coordinators),
    claims: claimsOf(sources),
    placeholders: placeholderTextsOf(sources, placeholders),
    writesKeysAtOnce: keyBarrier === undefined,
  };
  return {
    ring,
    sealer,
    journal: new PrivateJournal(journal, ring, sealer, personal),
    views: new PrivateViews(views, ring, sealer),
    wire: new Wire(sealer),
  };
}

/** For a runtime that has nothing personal itself, and reads what others have sealed: placeholders. */
function withoutKeys(): PrivacyOptions {
  const key = { id: "none", key: systemRandomBytes(KEY_BYTES) };
  return { masterKey: () => key };
}

function streamsOf(
  sources: readonly PersonalSource[],
  { sagas, ruleSets }: Coordinators,
): ReadonlyMap<string, PersonalStream> {
  const streams = new Map<string, PersonalStream>();
  const rules: PersonalRules = new Map();
  for (const { name, behavior } of sources) streams.set(name, { rules: behavior.personal });
  for (const { name } of sagas) streams.set(name, { rules, structured: "saga." });
  for (const { name } of ruleSets) streams.set(name, { rules, structured: "rules." });
  return streams;
}

function claimsOf(sources: readonly PersonalSource[]): ReadonlySet<string> {
  const personal = new Set(sources.flatMap(({ behavior }) => [...behavior.personalClaims]));
  for (const { name, behavior } of sources)
    for (const claim of behavior.claims?.keys() ?? [])
      if (personal.has(claim) && !behavior.personalClaims.has(claim))
        throw new InvalidArgumentError(
          `claim ${claim} of ${name}`,
          "personal, as it is for another aggregate: they share its keys",
          false,
        );
  return personal;
}

/** What may be read instead of erased texts. */
function placeholderTextsOf(
  sources: readonly PersonalSource[],
  { text }: Placeholders,
): ReadonlySet<unknown> {
  const rules = sources.flatMap(({ behavior }) => [...behavior.personal.values()].flat());
  return new Set([text, ...rules.map(({ placeholder }) => placeholder)]);
}

/** Whether an aggregate has anything that needs keys. */
export function isPersonal({ behavior }: PersonalSource): boolean {
  return behavior.personal.size > 0 || behavior.personalClaims.size > 0;
}
