/** What every database of an external projection must keep, as tests: the contract of the port `ExternalDatabase`. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { SCHEMA, type SqlDatabase } from "../../examples/external-databases/balances.js";

const ADD = "INSERT INTO balances (account, cents, deposits) VALUES ($1, $2, 1)";

/** @param open - Opens a database in which nothing is stored yet. */
export function externalDatabaseContract(
  subject: string,
  open: (schema: string) => Promise<SqlDatabase>,
): void {
  describe(`${subject}, as the database of an external projection`, () => {
    let database: SqlDatabase;
    beforeEach(async () => void (database = await open(SCHEMA)));
    afterEach(() => database.close());
    const accounts = async () =>
      (await database.query("SELECT account FROM balances ORDER BY account")).map(
        ({ account }) => account,
      );
    const add = (from: number, to: number, account: string, name = "p@1") =>
      database.transaction(name, from, to, (tx) => tx.execute(ADD, [account, 1]));

    it("has checkpoint 0 where there is none, and then the one that was written with the rows", async () => {
      expect(await database.checkpoint("p@1")).toBe(0);
      await add(0, 7, "a");
      await add(7, 2 ** 40, "b");
      await add(0, 3, "c", "p@1/a key with 'quotes' and 😀");
      expect(await database.checkpoint("p@1")).toBe(2 ** 40);
      expect(await database.checkpoint("p@1/a key with 'quotes' and 😀")).toBe(3);
      expect(await database.checkpoint("p@2")).toBe(0);
      expect(await accounts()).toEqual(["a", "b", "c"]);
    });

    it("writes nothing where the work fails, and hands the failure on", async () => {
      const failing = database.transaction("p@1", 0, 5, async (tx) => {
        await tx.execute(ADD, ["a", 1]);
        throw new Error("unlucky");
      });
      await expect(failing).rejects.toThrow("unlucky");
      expect(await database.checkpoint("p@1")).toBe(0);
      expect(await accounts()).toEqual([]);
      await add(0, 5, "b");
      expect(await accounts()).toEqual(["b"]);
    });

    it("writes nothing where the checkpoint isn't as expected, and tells where it is", async () => {
      await add(0, 5, "a");
      for (const from of [0, 4, 6])
        await expect(add(from, 9, "b")).rejects.toMatchObject({
          code: "checkpoint-moved",
          expected: from,
          stored: 5,
        });
      expect(await database.checkpoint("p@1")).toBe(5);
      expect(await accounts()).toEqual(["a"]);
    });

    it("lets one of several writers through that begin at one checkpoint", async () => {
      const all = ["a", "b", "c"].map((account, n) => add(0, 5 + n, account));
      const outcomes = await Promise.allSettled(all);
      expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
      expect(outcomes.filter(({ status }) => status === "rejected")).toMatchObject([
        { reason: { code: "checkpoint-moved" } },
        { reason: { code: "checkpoint-moved" } },
      ]);
      expect(await accounts()).toHaveLength(1);
    });

    it("waits with a transaction that moves nothing for one that is on its way", async () => {
      await add(0, 5, "a");
      let goOn: () => void = () => undefined;
      let begun: () => void = () => undefined;
      const beginning = new Promise<void>((resolve) => (begun = resolve));
      const first = database.transaction("p@1", 5, 6, () => {
        begun();
        return new Promise((resolve) => (goOn = resolve));
      });
      await beginning;
      const second = database.transaction("p@1", 5, 5, async () => undefined);
      goOn();
      await first;
      await expect(second).rejects.toMatchObject({ code: "checkpoint-moved", stored: 6 });
      await database.transaction("p@1", 6, 6, async () => undefined);
      expect(await database.checkpoint("p@1")).toBe(6);
    });

    it("refuses what a handler writes after its transaction is over", async () => {
      let late: () => Promise<void> = () => Promise.resolve();
      await database.transaction("p@1", 0, 1, async (tx) => {
        late = () => tx.execute(ADD, ["late", 1]);
      });
      await expect(late()).rejects.toThrow();
      expect(await accounts()).toEqual([]);
    });

    it("blames an event for a violated constraint, and for nothing that it doesn't know", async () => {
      await add(0, 1, "a");
      const error: unknown = await add(1, 2, "a").catch((thrown: unknown) => thrown);
      expect(database.blame(error)).toBe("event");
      expect(database.blame(new Error("unlucky"))).toBeUndefined();
      expect(database.blame("unlucky")).toBeUndefined();
      expect(await database.checkpoint("p@1")).toBe(1);
    });
  });
}
