/**
 * Plain data as JSON that reads back equal: a bigint as `{ "$bigint": "12" }`, a Date as `{ "$date": "2026-…Z" }`, bytes as
 * `{ "$bytes": "<base64>" }`. A key that begins with `$` gets another one, so that nobody's data is taken for these.
 */

/** JSON that stands for plain data. */
export function toTagged(value: unknown): unknown {
  if (typeof value === "bigint") return { $bigint: String(value) };
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Date) return { $date: value.toISOString() };
  if (value instanceof Uint8Array) return { $bytes: Buffer.from(value).toString("base64") };
  if (Array.isArray(value)) return value.map(toTagged);
  const entries = Object.entries(value).map(([key, item]) => [
    key.startsWith("$") ? `$${key}` : key,
    toTagged(item),
  ]);
  return Object.fromEntries(entries) as unknown;
}

/** The plain data that JSON stands for. */
export function fromTagged(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(fromTagged);
  const { $bigint, $date, $bytes } = value as Readonly<Record<string, string | undefined>>;
  if ($bigint !== undefined) return BigInt($bigint);
  if ($date !== undefined) return new Date($date);
  if ($bytes !== undefined) return Buffer.from($bytes, "base64");
  const entries = Object.entries(value).map(([key, item]) => [
    key.startsWith("$$") ? key.slice(1) : key,
    fromTagged(item),
  ]);
  return Object.fromEntries(entries) as unknown;
}
