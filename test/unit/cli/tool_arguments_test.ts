/** What a person types as arguments of a tool, and what goes to the server. */
import { describe, expect, test } from "bun:test";
import { readArguments } from "../../../src/cli/tool_arguments.ts";
import type { BridgeError } from "../../../src/platform/errors.ts";

const SCHEMA = {
  type: "object",
  properties: {
    title: { type: "string" },
    count: { type: "integer", minimum: 1, maximum: 10 },
    ratio: { type: "number" },
    urgent: { type: "boolean" },
    labels: { type: "array", items: { type: "string" } },
    pair: { type: "array", minItems: 2, items: {} },
    numbers: { type: "array", items: { type: "integer" } },
    place: { $ref: "#/$defs/Place" },
    state: { type: "string", enum: ["open", "closed", "2"] },
    level: { anyOf: [{ const: 1, title: "one" }, { const: 2, title: "two" }] },
    parent: { type: ["string", "null"] },
    either: { anyOf: [{ type: "integer" }, { type: "string" }] },
    any: {},
  },
  $defs: { Place: { type: "object", properties: { city: { type: "string" } } } },
};

function read(words: readonly string[], json?: string, schema: unknown = SCHEMA): Promise<string> {
  return readArguments({ name: "tool", schema, shownBy: '"mcp-bridge tools s tool"' }, { words, json });
}

async function refusal(words: readonly string[], json?: string, schema: unknown = SCHEMA): Promise<string[]> {
  const error = await read(words, json, schema).then((text) => Promise.reject(new Error(text)), (thrown) => thrown);
  const { code, message, hint } = error as BridgeError;
  expect(code).toBe("bad_argument");
  return [message, hint!];
}

describe("readArguments", () => {
  test.each<[words: string[], raw: string]>([
    [[], "{}"],
    [["title=hello"], '{"title":"hello"}'],
    [["title="], '{"title":""}'],
    [["title=a=b:=c"], '{"title":"a=b:=c"}'],
    [["title=5"], '{"title":"5"}'],
    [["title=true"], '{"title":"true"}'],
    [["title=null"], '{"title":"null"}'],
    [['title={"a":1}'], '{"title":"{\\"a\\":1}"}'],
    [['title="quoted"'], '{"title":"\\"quoted\\""}'],
    [["title=\u001b[31m"], '{"title":"\\u001b[31m"}'],
    [["count=3"], '{"count":3}'],
    [["ratio=-1.50"], '{"ratio":-1.50}'],
    [["ratio=12345678901234567890"], '{"ratio":12345678901234567890}'],
    [["urgent=true"], '{"urgent":true}'],
    [["urgent=false"], '{"urgent":false}'],
    [["labels=a"], '{"labels":["a"]}'],
    [["labels=a", "labels=1"], '{"labels":["a","1"]}'],
    [['labels=["x","y"]'], '{"labels":["x","y"]}'],
    [["numbers=1", "numbers=2"], '{"numbers":[1,2]}'],
    [['place={"city":"Bern"}'], '{"place":{"city":"Bern"}}'],
    [["state=open"], '{"state":"open"}'],
    [["state=2"], '{"state":"2"}'],
    [["level=2"], '{"level":2}'],
    [["parent=null"], '{"parent":null}'],
    [["parent=x"], '{"parent":"x"}'],
    [["either=7"], '{"either":7}'],
    [["either=seven"], '{"either":"seven"}'],
    [["any=1"], '{"any":1}'],
    [["any=[1,{}]"], '{"any":[1,{}]}'],
    [["any=word"], '{"any":"word"}'],
    [['title:="x"'], '{"title":"x"}'],
    [["count:= 2 "], '{"count":2}'],
    [["parent:=null"], '{"parent":null}'],
  ])("%j goes as %s", async (words, raw) => {
    expect(await read(words)).toBe(raw);
  });

  test("keeps the digits of JSON that is given whole, and words take the place of its members", async () => {
    const json = '{"count": 2, "ratio":1.00000000000000000001, "title":"old"}';
    expect(await read(["title=new"], json)).toBe('{"count":2,"ratio":1.00000000000000000001,"title":"new"}');
  });

  test.each<[words: string[], message: string, hint: string]>([
    [["titel=x"], '"tool" has no argument "titel"', 'did you mean "title"?'],
    [["zzz=x"], '"tool" has no argument "zzz"', '"mcp-bridge tools s tool" shows which there are'],
    [["__proto__=x"], '"tool" has no argument "__proto__"', '"mcp-bridge tools s tool" shows which there are'],
    [["title"], '"title" is no argument of the form key=value', '"mcp-bridge tools s tool" shows which there are'],
    [['{"a":1}'], '"{\\"a\\":1}" is no argument of the form key=value', 'JSON goes behind "--args"'],
    [["=x"], '"=x" is no argument of the form key=value', '"mcp-bridge tools s tool" shows which there are'],
    [[":=1"], '":=1" is no argument of the form key=value', '"mcp-bridge tools s tool" shows which there are'],
    [
      ["count=three"],
      '"count" cannot be "three": it takes a whole number from 1 to 10',
      '"mcp-bridge tools s tool" shows what is said of it',
    ],
    [
      ["count=11"],
      '"count" cannot be "11": it takes a whole number from 1 to 10',
      '"mcp-bridge tools s tool" shows what is said of it',
    ],
    [["count=1.5"], '"count" cannot be "1.5": it takes a whole number from 1 to 10', ""],
    [["count:=true"], '"count" cannot be "true": it takes a whole number from 1 to 10', ""],
    [["numbers=1", "numbers=x"], '"numbers" cannot be "x": it takes a whole number', ""],
    [["urgent=yes"], '"urgent" cannot be "yes": it takes true or false', ""],
    [["state=opne"], '"state" cannot be "opne": it takes one of open, closed, 2', 'did you mean "open"?'],
    [["pair=1"], '"pair" cannot be "[1]": it takes a list, from 2 on of them', ""],
    [["place=Bern"], '"place" cannot be "Bern": it takes a JSON object', ""],
    [["title=a", "title=b"], '"title" is said 2 times, and is no list', "say it once"],
    [
      ["count:={"],
      '"count" is no JSON: "{"',
      "write count=TEXT for a text, and look for quotes that the shell has taken",
    ],
  ])("%j is refused before anything is sent", async (words, message, hint) => {
    const said = await refusal(words);
    expect(said[0]).toBe(message);
    if (hint !== "") expect(said[1]).toBe(hint);
  });

  test("tells which argument is missing, and how to write it", async () => {
    const schema = { ...SCHEMA, required: ["title", "state"] };
    expect(await refusal(["title=x"], undefined, schema)).toEqual([
      'the argument "state" of "tool" is missing',
      'add state=open|closed|2; "mcp-bridge tools s tool" shows them all',
    ]);
    expect(await read(["state=open"], '{"title":"x"}', schema)).toBe('{"title":"x","state":"open"}');
  });

  test("lets through what a schema does not name where it says so, or names nothing", async () => {
    expect(await read(["x=1"], undefined, { type: "object" })).toBe('{"x":1}');
    expect(await read(["x=1"], undefined, null)).toBe('{"x":1}');
    expect(await read(["x=1"], undefined, { ...SCHEMA, additionalProperties: true })).toBe('{"x":1}');
    const none = { type: "object", properties: {}, additionalProperties: false };
    expect((await refusal(["x=1"], undefined, none))[0]).toBe('"tool" has no argument "x"');
  });

  test("survives schemas that turn in a circle, or are none", async () => {
    const circle = { properties: { a: { $ref: "#/$defs/A" } }, $defs: { A: { $ref: "#/$defs/A" } } };
    expect(await read(["a=1"], undefined, circle)).toBe('{"a":1}');
    const nest: Record<string, unknown> = {};
    nest["anyOf"] = [nest];
    expect(await read(["a=1"], undefined, { properties: { a: nest } })).toBe('{"a":1}');
    let deep: Record<string, unknown> = { type: "string" };
    for (let depth = 0; depth < 3_000; depth++) deep = { type: "array", items: deep, minItems: 2 };
    expect((await refusal(["a=1"], undefined, { properties: { a: deep } }))[0]).toContain('"a" cannot be "1"');
    for (const schema of [null, 5, "x", [], { properties: 5 }, { properties: { a: 5 }, required: 5 }]) {
      expect(await read(["a=1"], undefined, schema)).toBe('{"a":1}');
    }
  });
});
