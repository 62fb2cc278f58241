/**
 * The definition of a collection: documents of one type by id, and the indexes that find them by something else. An index
 * is kept with the documents, in the same transaction, by the store and not by handlers.
 */
import { checkName } from "../kernel/ids.js";
import { InvalidArgumentError } from "../kernel/errors.js";

/** What a document may be found by. A missing field counts as null; a Date as its time. */
export type IndexValue = null | undefined | boolean | number | bigint | string | Date;

/** The values of each index of a collection, by its name. */
export type Indexes = Readonly<Record<string, readonly IndexValue[]>>;

/** One index, without its types. @internal */
export interface IndexDefinition {
  readonly name: string;
  /** Whether two documents may not have the same values; null anywhere among them makes them incomparable. */
  readonly unique: boolean;
  /** The fields it is made of, in order; undefined where its values are computed. */
  readonly fields: readonly string[] | undefined;
  /** Whether its one field is a list, each of whose items has a row. */
  readonly each: boolean;
  /** Its values are personal: entries hold hashes of them. */
  readonly personal: boolean;
  /** Changes when what is in the index changes; part of the fingerprint of a generation. */
  readonly signature: string;
  /** The rows of values under which a document stands: none, one or several, without repetitions. */
  readonly valuesOf: (document: never) => readonly (readonly IndexValue[])[];
}

/** A collection without its types. */
export interface AnyCollection {
  readonly indexes: readonly IndexDefinition[];
  /** Only for the compiler. */
  readonly types?: { readonly document: unknown; readonly indexes: Indexes };
}

/** Collections of one projection, by name. */
export type Collections = Readonly<Record<string, AnyCollection>>;

/** The documents of a collection. */
export type DocumentOf<C extends AnyCollection> = NonNullable<C["types"]>["document"];

/** The indexes of a collection. */
export type IndexesOf<C extends AnyCollection> = NonNullable<C["types"]>["indexes"];

/** The name of a projection's only collection; never where there are several. */
export type OnlyName<C extends Collections> = OnlyOneOf<keyof C & string, keyof C & string>;

/** A name where it is the only one, else never. */
export type OnlyOneOf<Name extends string, Each extends string> = Each extends unknown
  ? [Name] extends [Each]
    ? Each
    : never
  : never;

/** A collection's name, which may be left out where it is the only one. */
export type NameOf<C extends Collections, Name extends keyof C & string> = [OnlyName<C>] extends [
  never,
]
  ? [collection: Name]
  : [collection?: Name];

/** Fields that an index may be made of. */
export type IndexField<Document> = {
  [Field in keyof Document & string]: Document[Field] extends IndexValue ? Field : never;
}[keyof Document & string];

/** Fields that hold a list of what an index may be made of. */
export type ListField<Document> = {
  [Field in keyof Document & string]: NonNullable<Document[Field]> extends readonly IndexValue[]
    ? Field
    : never;
}[keyof Document & string];

/** The values of an index made of these fields. */
export type ValuesOfFields<Document, Fields extends readonly (keyof Document)[]> = {
  readonly [At in keyof Fields]: Document[Fields[At]] extends IndexValue
    ? Document[Fields[At]]
    : never;
};

/** What a list holds that an index may be made of. */
export type ListItem<List> =
  NonNullable<List> extends readonly (infer Item extends IndexValue)[] ? Item : never;

/** With one more index. */
export type WithIndex<
  Before extends Indexes,
  Name extends string,
  Values extends readonly IndexValue[],
> = {
  readonly [N in keyof Before | Name]: N extends Name
    ? Values
    : N extends keyof Before
      ? Before[N]
      : never;
};

/** A collection, to which indexes can be added: each call returns another collection. */
export interface Collection<
  Document,
  // eslint-disable-next-line @typescript-eslint/no-generated-empty-object-type -- no index yet
  Found extends Indexes = Readonly<Record<never, never>>,
> extends AnyCollection {
  readonly types?: { readonly document: Document; readonly indexes: Found };

  /** Finds documents by one field, or by several in this order. */
  index<
    Name extends string,
    const Fields extends readonly [IndexField<Document>, ...IndexField<Document>[]],
  >(
    name: Name,
    ...fields: Fields
  ): Collection<Document, WithIndex<Found, Name, ValuesOfFields<Document, Fields>>>;

  /**
   * Like {@link Collection.index}, and no two documents may have the same values (null and missing ones aside). A handler
   * after whose event two would have them fails with a DocumentNotUniqueError.
   */
  unique<
    Name extends string,
    const Fields extends readonly [IndexField<Document>, ...IndexField<Document>[]],
  >(
    name: Name,
    ...fields: Fields
  ): Collection<Document, WithIndex<Found, Name, ValuesOfFields<Document, Fields>>>;

  /** Finds documents by each item of a list. */
  indexEach<Name extends string, Field extends ListField<Document>>(
    name: Name,
    field: Field,
  ): Collection<Document, WithIndex<Found, Name, readonly [ListItem<Document[Field]>]>>;

  /**
   * Finds documents by computed values; those for which `values` gives undefined aren't in the index. `values` is pure; raise
   * the projection's version when what it computes changes.
   */
  indexBy<Name extends string, const Values extends readonly IndexValue[]>(
    name: Name,
    values: (document: Document) => Values | undefined,
  ): Collection<Document, WithIndex<Found, Name, Values>>;

  /**
   * Says that the values of an index are personal: its entries then hold keyed hashes, which are found by `equals` and have no order:
   * `from`, `upTo` and `prefix` are refused. Needs the option `privacy` of the runtime.
   */
  personal(index: keyof Found & string): Collection<Document, Found>;
}

class CollectionDefinition implements AnyCollection {
  constructor(readonly indexes: readonly IndexDefinition[]) {
    Object.freeze(indexes);
    Object.freeze(this);
  }

  index(name: string, ...fields: readonly string[]): CollectionDefinition {
    return this.#with(byFields(name, false, fields));
  }

  unique(name: string, ...fields: readonly string[]): CollectionDefinition {
    return this.#with(byFields(name, true, fields));
  }

  indexEach(name: string, field: string): CollectionDefinition {
    checkName(`field of index ${name}`, field);
    return this.#with({
      name,
      unique: false,
      fields: Object.freeze([field]),
      personal: false,
      each: true,
      signature: `each ${field}`,
      valuesOf: (document: Readonly<Record<string, readonly IndexValue[] | undefined>>) =>
        [...new Set(document[field] ?? [])].map((item) => [item]),
    });
  }

  indexBy(
    name: string,
    values: (document: never) => readonly IndexValue[] | undefined,
  ): CollectionDefinition {
    if (typeof values !== "function")
      throw new InvalidArgumentError(`values of index ${name}`, "a function", values);
    return this.#with({
      name,
      unique: false,
      fields: undefined,
      personal: false,
      each: false,
      signature: "computed",
      valuesOf: (document: never) => {
        const found = values(document);
        return found === undefined ? [] : [found];
      },
    });
  }

  personal(name: string): CollectionDefinition {
    if (!this.indexes.some((index) => index.name === name))
      throw new InvalidArgumentError("personal index", "one that was added before", name);
    return new CollectionDefinition(
      this.indexes.map((index) =>
        index.name === name && !index.personal
          ? Object.freeze({ ...index, personal: true, signature: `personal ${index.signature}` })
          : index,
      ),
    );
  }

  #with(index: IndexDefinition): CollectionDefinition {
    checkName("index name", index.name);
    if (this.indexes.some(({ name }) => name === index.name))
      throw new InvalidArgumentError("index name", "another one in each collection", index.name);
    return new CollectionDefinition([...this.indexes, Object.freeze(index)]);
  }
}

function byFields(name: string, unique: boolean, fields: readonly string[]): IndexDefinition {
  if (fields.length === 0)
    throw new InvalidArgumentError(`fields of index ${name}`, "at least one field", fields);
  for (const field of fields) checkName(`field of index ${name}`, field);
  return {
    name,
    unique,
    fields: Object.freeze([...fields]),
    personal: false,
    each: false,
    signature: `${unique ? "unique" : "by"} ${fields.join(", ")}`,
    valuesOf: (document: Readonly<Record<string, IndexValue>>) => [
      fields.map((field) => document[field]),
    ],
  };
}

/**
 * A collection of documents of one type, by id: `collection<Booking>().index("byService", "serviceId")`. Documents are plain
 * data; name their type, the rest follows from it.
 */
export function collection<Document>(): Collection<Document> {
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-assertion -- the linter sees the class only; the types are given here
  return new CollectionDefinition([]) as unknown as Collection<Document>;
}

/** Whether something was made with {@link collection}. */
export function isCollection(value: unknown): value is AnyCollection {
  return value instanceof CollectionDefinition;
}
