/** Who has a birthday: a projection of one event type. The others aren't read for it. */
import { collection, projection } from "tidemark";
import { Person } from "./person.js";

/** Events that its handler got; for the program to show, a view has no use for it. */
export const handled = new Map<string, number>();

function counted(event: { readonly type: string }): void {
  handled.set(event.type, (handled.get(event.type) ?? 0) + 1);
}

// #region birthdays
export const birthdays = projection({
  name: "birthdays",
  version: 1,
  from: [Person],
  collections: {
    people: collection<{ readonly birthDate: string }>()
      // `1985-05-04` stands under `05-04`.
      .indexBy("byDay", ({ birthDate }) => [birthDate.slice(5)]),
  },
  on: {
    BirthDateChanged: (event, { people }) => {
      counted(event);
      people.put(event.entityId, event.data);
    },
  },
});
// #endregion
