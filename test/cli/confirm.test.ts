import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { confirm } from "../../src/cli/confirm.js";
import { Shell } from "../../src/cli/shell.js";

/** Somebody types that; without it there is no terminal. */
function shellOf(answer?: string) {
  const terminal = answer === undefined ? {} : { isTTY: true };
  const stdin = Object.assign(new PassThrough(), terminal);
  stdin.end(answer ?? "");
  const asked = Object.assign(new PassThrough(), terminal);
  const shell = new Shell({
    stdin,
    stdout: asked,
    stderr: asked,
    env: {},
    interrupted: () => new AbortController().signal,
    connect: () => Promise.reject(new Error("none")),
  });
  return { shell, text: () => String(asked.read()) };
}

describe("confirming", () => {
  it.each(["y\n", "Y\n", "yes\n"])("goes on with the answer %j", async (answer) => {
    const { shell, text } = shellOf(answer);
    await confirm(shell, {}, "cars will stop \u001b[2J where it is.");
    expect(text()).toContain("cars will stop \\u001b[2J where it is.\nGo on? [y/N] ");
  });

  it.each(["\n", "n\n", "no\n", "maybe\n", "yess\n"])(
    "does nothing with the answer %j",
    async (answer) => {
      const { shell } = shellOf(answer);
      await expect(confirm(shell, {}, "It will.")).rejects.toThrow("Nothing was done");
    },
  );

  it("does nothing where the input ends instead, as by Ctrl-D", async () => {
    const { shell } = shellOf("");
    await expect(confirm(shell, {}, "It will.")).rejects.toThrow("Nothing was done");
  });

  it("does nothing where nobody is there to ask, and says what is missing", async () => {
    await expect(confirm(shellOf().shell, {}, "It will.")).rejects.toThrow(
      "It will.\nNothing was done: without a terminal to ask on, this needs --yes",
    );
  });

  it("asks nothing where that was agreed to before", async () => {
    const { shell, text } = shellOf();
    await confirm(shell, { yes: true }, "It will.");
    expect(text()).toBe("null");
  });
});
