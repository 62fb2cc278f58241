import { commandTo, saga } from "tidemark";
import { describe, expect, it } from "vitest";
import { and, createMachine, not, setup, stateIn } from "xstate";
import { sagaDiagram } from "../../sagas/diagram.js";
import { Account } from "../support/account.js";
import { transferMachine } from "../support/transfers.js";

const text = (...lines: string[]) => `${["stateDiagram-v2", ...lines].join("\n")}\n`;

describe("the diagram of a machine", () => {
  it("has states, transitions, the initial state and the ends", () => {
    expect(sagaDiagram(transferMachine)).toBe(
      text(
        "  [*] --> debiting",
        "  debiting",
        "  crediting",
        "  undoing",
        "  done",
        "  refused",
        "  undone",
        "  debiting --> crediting : debit.accepted",
        "  debiting --> refused : debit.rejected",
        "  crediting --> done : credit.accepted",
        "  crediting --> undoing : credit.rejected",
        "  undoing --> undone : compensated",
        "  done --> [*]",
        "  refused --> [*]",
        "  undone --> [*]",
      ),
    );
  });

  it("says guards, delays, invocations, always and onDone", () => {
    const machine = setup({
      guards: { isPaid: () => true, isLate: () => true },
      delays: { soon: 5 },
      actors: { payment: commandTo(Account) },
    }).createMachine({
      initial: "a",
      states: {
        a: {
          invoke: {
            id: "pay",
            src: "payment",
            input: () => ({ entityId: "a", command: { type: "Touch" as const } }),
            onDone: "b",
            onError: "c",
          },
          after: { 5000: "c", soon: { target: "c", guard: "isLate" } },
        },
        b: {
          on: { GO: { target: "c", guard: and(["isPaid", not("isLate")]) } },
          always: [{ target: "c", guard: () => true }, { target: "a" }],
        },
        c: {
          initial: "one",
          states: {
            one: { on: { UP: { target: "#end", guard: stateIn("a") } } },
            two: { type: "final" },
          },
          on: { DOWN: ".two" },
          onDone: "end",
        },
        end: { id: "end", type: "final" },
      },
    });
    expect(sagaDiagram(machine)).toBe(
      text(
        "  [*] --> a",
        "  a",
        "  b",
        "  state c {",
        "    [*] --> c_one",
        "    c_one : one",
        "    c_two : two",
        "    c_two --> [*]",
        "  }",
        "  end_2 : end",
        "  a --> b : pay done",
        "  a --> c : pay failed",
        "  a --> c : after 5000 ms",
        "  a --> c : after soon [isLate]",
        "  b --> c : GO [isPaid and not isLate]",
        "  b --> c : […]",
        "  b --> a : always",
        "  c --> c : DOWN to two",
        "  c --> end_2 : done",
        "  c --> end_2 : UP [in a] from one",
        "  end_2 --> [*]",
      ),
    );
  });

  it("has regions, histories, and how many instances are where", () => {
    const machine = createMachine({
      initial: "work",
      on: { STOP: ".off", DEEP: ".work.left.b" },
      states: {
        work: {
          type: "parallel",
          states: {
            left: {
              initial: "a",
              states: {
                a: { on: { L: "b", CROSS: "#right.x" } },
                b: { on: { UP: "#left" } },
                back: { type: "history", history: "deep", target: "b" },
              },
              id: "left",
            },
            right: { id: "right", initial: "x", states: { x: {} } },
          },
        },
        off: { on: { ON: "work.left.back" } },
      },
    });
    const counts = new Map([
      ["work.left.a & work.right.x", 3],
      ["work.left.b & work.right.x", 4],
      ["off", 12],
    ]);
    expect(sagaDiagram(machine, counts)).toBe(
      text(
        "  [*] --> work",
        "  work : work (7)",
        "  state work {",
        "    [*] --> work_left",
        "    work_left : left (7)",
        "    state work_left {",
        "      [*] --> work_left_a",
        "      work_left_a : a (3)",
        "      work_left_b : b (4)",
        "      work_left_back : H*",
        "      work_left_a --> work_left_b : L",
        "      work_left_back --> work_left_b",
        "    }",
        "    --",
        "    [*] --> work_right",
        "    work_right : right (7)",
        "    state work_right {",
        "      [*] --> work_right_x",
        "      work_right_x : x (7)",
        "    }",
        "    work_left --> work_left : UP from b",
        "  }",
        "  off : off (12)",
        "  work --> work : CROSS from left.a to right.x",
        "  off --> work : ON to left.back",
        "  any_state : any state",
        "  any_state --> off : STOP",
        "  any_state --> work : DEEP to left.b",
      ),
    );
  });

  it("spells ids and labels so that nothing in them means anything to Mermaid", () => {
    const names = ["end", "Default", "a b", "a-b", "x:y", '<b>"%%', "größe", "__proto__;"];
    const machine = createMachine({
      initial: "end",
      states: {
        ...Object.fromEntries(names.map((name) => [name, {}])),
        end: { on: Object.fromEntries(names.map((name) => [`go;${name}\n#`, { target: name }])) },
      },
    });
    expect(sagaDiagram(machine)).toBe(
      text(
        "  [*] --> end_2",
        "  end_2 : end",
        "  Default_2 : Default",
        "  a_b : a b",
        "  a_b_2 : a-b",
        "  x_y : x#58;y",
        "  _b____ : #60;b#62;#34;#37;#37;",
        "  gr__e : größe",
        "  __proto___ : __proto__#59;",
        "  end_2 --> end_2 : go#59;end #35;",
        "  end_2 --> Default_2 : go#59;Default #35;",
        "  end_2 --> a_b : go#59;a b #35;",
        "  end_2 --> a_b_2 : go#59;a-b #35;",
        "  end_2 --> x_y : go#59;x#58;y #35;",
        "  end_2 --> _b____ : go#59;#60;b#62;#34;#37;#37; #35;",
        "  end_2 --> gr__e : go#59;größe #35;",
        "  end_2 --> __proto___ : go#59;__proto__#59; #35;",
      ),
    );
  });

  it("leaves Mermaid the ids of the dots in which composite states begin and end", () => {
    const machine = createMachine({
      initial: "c",
      states: { c: { initial: "start", states: { start: {}, end: { type: "final" } } }, c_end: {} },
    });
    expect(sagaDiagram(machine)).toBe(
      text(
        "  [*] --> c",
        "  state c {",
        "    [*] --> c_start_2",
        "    c_start_2 : start",
        "    c_end_2 : end",
        "    c_end_2 --> [*]",
        "  }",
        "  c_end_3 : c_end",
      ),
    );
  });

  it("of a machine without states is one state", () => {
    expect(sagaDiagram(createMachine({ id: "only one" }))).toBe(text("  only_one : only one"));
    expect(() => saga({ name: "s", machine: createMachine({}) })).not.toThrow();
  });
});
