/** What a match is known by among those of its rule: the ids of its facts in the order of its patterns, and what it fires again on. */
const SPECIAL = /[\\,@]/;

/** `<id>,<id>@<value>`, with a backslash before `,`, `@` and `\` within ids. */
export function matchKey(ids: readonly string[], value?: string | number | boolean): string {
  const text = ids.map(escaped).join(",");
  return value === undefined ? text : `${text}@${JSON.stringify(value)}`;
}

/** The ids of so many facts; undefined where the key is of another rule. */
export function idsOf(key: string, count: number): readonly string[] | undefined {
  const ids: string[] = [];
  let id = "";
  for (let at = 0; at < key.length; at++) {
    const character = key.charAt(at);
    if (character === "@") break;
    if (character === ",") {
      ids.push(id);
      id = "";
    } else if (character === "\\") {
      at += 1;
      id += key.charAt(at);
    } else {
      id += character;
    }
  }
  if (count > 0 || id !== "") ids.push(id);
  return ids.length === count ? ids : undefined;
}

function escaped(id: string): string {
  return SPECIAL.test(id) ? id.replace(/[\\,@]/g, "\\$&") : id;
}
