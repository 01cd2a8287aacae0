/** Colours are for a terminal and for whoever wants them. */
import { expect, test } from "bun:test";
import { coloursOf, mayColour, NO_COLOURS } from "../../../src/cli/colour.ts";

test("NO_COLOR takes colours away, an empty one does not", () => {
  expect(mayColour({ NO_COLOR: "1" })).toBe(false);
  expect(mayColour({ NO_COLOR: "0" })).toBe(false);
  expect(mayColour({ NO_COLOR: "" })).toBe(true);
  expect(mayColour({})).toBe(true);
});

test("a dumb terminal gets none", () => {
  expect(mayColour({ TERM: "dumb" })).toBe(false);
  expect(mayColour({ TERM: "xterm" })).toBe(true);
});

test("NO_COLOR is looked at before the terminal is", async () => {
  expect(await coloursOf("stdout", { NO_COLOR: "1" })).toBe(NO_COLOURS);
});
