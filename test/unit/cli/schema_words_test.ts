/** JSON Schema in words that a person reads, and types. */
import { expect, test } from "bun:test";
import { exampleOf, fieldsOf, typeWords, usageOf } from "../../../src/cli/schema_words.ts";

test.each<[schema: Record<string, unknown>, words: string, usage: string]>([
  [{ type: "string" }, "text", "x=TEXT"],
  [{ type: "string", format: "email" }, "an e-mail address", "x=TEXT"],
  [{ type: "string", format: "hostname" }, "text (hostname)", "x=TEXT"],
  [{ type: "string", minLength: 1, maxLength: 5 }, "text, from 1 to 5 characters", "x=TEXT"],
  [{ type: "integer", minimum: 0 }, "a whole number from 0 on", "x=NUMBER"],
  [{ type: "number", maximum: 1 }, "a number up to 1", "x=NUMBER"],
  [{ type: "boolean" }, "true or false", "x=true|false"],
  [{ type: "array", items: { type: "integer" } }, "a list, each of it a whole number", "x=LIST"],
  [{ type: "array", minItems: 2 }, "a list, from 2 on of them", "x=LIST"],
  [{ type: "object" }, "a JSON object", "x=JSON"],
  [{ type: ["string", "null"] }, "text or null", "x=TEXT"],
  [{ anyOf: [{ type: "string" }, { type: "integer" }] }, "text or a whole number", "x=VALUE"],
  [{ enum: ["a", "b c"] }, "one of a, b c", "x=a|'b c'"],
  [{ const: 7 }, "7", "x=7"],
  [{ oneOf: [{ const: "r", title: "Red" }, { const: "g" }] }, "one of r, g", "x=r|g"],
  [
    { enum: ["one-long-choice", "another-long-choice", "a-third"] },
    "one of one-long-choice, another-long-choice, a-third",
    "x=CHOICE",
  ],
  [{ enum: ["\u001b[31mred"] }, "\\u{1b}[31mred", "x=\\u{1b}[31mred"],
  [{}, "any value", "x=VALUE"],
  [{ type: 5 }, "any value", "x=VALUE"],
])("%j is %s, and typed as %s", (schema, words, usage) => {
  expect(typeWords(schema)).toBe(words);
  expect(usageOf({ name: "x", schema, isRequired: true })).toBe(usage);
  expect(usageOf({ name: "x", schema, isRequired: false })).toBe(`[${usage}]`);
});

test("required arguments come first, each group in the schema's order", () => {
  const properties = { a: {}, b: {}, c: {}, d: {} };
  expect(fieldsOf({ properties, required: ["d", "b"] }).map(({ name }) => name)).toEqual(["b", "d", "a", "c"]);
});

test("an example has a value that would do, where one is known", () => {
  const example = (schema: Record<string, unknown>): string => exampleOf({ name: "x", schema, isRequired: true });
  expect(example({ enum: ["New York", "Bern"] })).toBe("x=New York");
  expect(example({ type: "boolean" })).toBe("x=true");
  expect(example({ type: "string" })).toBe("x=TEXT");
});
