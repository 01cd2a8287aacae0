import { expect, test } from "bun:test";
import fc from "fast-check";
import { shellWord } from "../../../src/platform/shell_word.ts";

test("a shell makes of it the word that it was, and nothing else", () => {
  const word = fc.string({ unit: "grapheme-ascii" }).filter((text) => !text.includes("\0"));
  fc.assert(
    fc.property(word, (text) => {
      const shell = Bun.spawnSync(["sh", "-c", `printf %s ${shellWord(text)}`]);
      expect(shell.stdout.toString()).toBe(text);
    }),
    { numRuns: 50 },
  );
  expect(shellWord("")).toBe("''");
  expect(shellWord("x; rm -rf ~")).toBe("'x; rm -rf ~'");
  expect(shellWord("a=TEXT")).toBe("a=TEXT");
});
