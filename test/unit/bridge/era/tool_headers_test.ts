import { describe, expect, test } from "bun:test";
import { headersOfCall, mirroredArguments } from "../../../../src/bridge/era/tool_headers.ts";
import { composeMessage, readMessage } from "../../../../src/transport/message.ts";

const MARK = "x-mcp-header";

/** A schema with these properties. */
function object(properties: Record<string, unknown>): Record<string, unknown> {
  return { type: "object", properties };
}

describe("the arguments that are mirrored", () => {
  test("are those that are marked, however deep below properties", () => {
    const schema = object({
      plain: { type: "string" },
      region: { type: "string", [MARK]: "Region" },
      place: object({ zip: { type: ["integer", "null"], [MARK]: "Zip" } }),
      dry: { type: "boolean", [MARK]: "Dry-Run" },
    });
    expect(mirroredArguments(schema)).toEqual([
      { path: ["region"], header: "Region" },
      { path: ["place", "zip"], header: "Zip" },
      { path: ["dry"], header: "Dry-Run" },
    ]);
  });

  test.each([[undefined], [null], [true], [{}], [{ type: "object" }], [{ properties: [] }]])(
    "are none in %j",
    (schema) => {
      expect(mirroredArguments(schema)).toEqual([]);
    },
  );

  test("are not what is a value, or an argument of that very name", () => {
    const schema = object({
      a: { type: "object", default: { [MARK]: "A" }, examples: [{ [MARK]: "A" }], const: { [MARK]: "" } },
      properties: object({ b: { type: "string", [MARK]: "B" } }),
    });
    expect(mirroredArguments(schema)).toEqual([{ path: ["properties", "b"], header: "B" }]);
  });

  const WRONG: [what: string, schema: unknown][] = [
    ["an empty name", object({ a: { type: "string", [MARK]: "" } })],
    ["a blank in the name", object({ a: { type: "string", [MARK]: "a b" } })],
    ["a colon in the name", object({ a: { type: "string", [MARK]: "a:b" } })],
    ["a line break in the name", object({ a: { type: "string", [MARK]: "a\r\nEvil: 1" } })],
    ["a name beyond ASCII", object({ a: { type: "string", [MARK]: "\u00e4" } })],
    ["a name that is no string", object({ a: { type: "string", [MARK]: 7 } })],
    ["a number", object({ a: { type: "number", [MARK]: "A" } })],
    ["an object", object({ a: { type: "object", [MARK]: "A" } })],
    ["an array", object({ a: { type: "array", [MARK]: "A" } })],
    ["null", object({ a: { type: "null", [MARK]: "A" } })],
    ["no type", object({ a: { [MARK]: "A" } })],
    ["one name twice", object({ a: { type: "string", [MARK]: "A" }, b: { type: "string", [MARK]: "a" } })],
    ["the root", { ...object({}), [MARK]: "A" }],
    ["an item of an array", object({ a: { type: "array", items: { type: "string", [MARK]: "A" } } })],
    ["below items", object({ a: { type: "array", items: object({ b: { type: "string", [MARK]: "A" } }) } })],
    ...["oneOf", "anyOf", "allOf"].map((word): [string, unknown] => [
      word,
      { type: "object", [word]: [object({ a: { type: "string", [MARK]: "A" } })] },
    ]),
    ["a definition", { type: "object", $defs: { a: { type: "string", [MARK]: "A" } } }],
    ["a condition", { type: "object", if: object({ a: { type: "string", [MARK]: "A" } }) }],
  ];
  test.each(WRONG)("are wrong where the mark is on %s", (_, schema) => {
    expect(mirroredArguments(schema)).toBeString();
  });

  test("are wrong in words that no terminal obeys", () => {
    const name = "\u009b31m\u202e";
    const faults = [
      object({ a: { type: "string", [MARK]: name } }),
      object({ a: { type: "string", [MARK]: { [name]: name } } }),
      object({ [name]: { type: "number", [MARK]: "A" } }),
    ].map(mirroredArguments);
    for (const fault of faults) expect(fault).toMatch(/^[ -~]*\\u009b31m[ -~]*$/);
  });

  test("may be very many: ten times as many take no hundred times as long", () => {
    const timeOf = (length: number): number => {
      const many = Array.from({ length }, (_, place) => [`a${place}`, { type: "string", [MARK]: `A-${place}` }]);
      const schema = object(Object.fromEntries(many));
      const since = performance.now();
      expect(mirroredArguments(schema)).toHaveLength(length);
      return performance.now() - since;
    };
    expect(timeOf(100_000)).toBeLessThan(50 * Math.max(timeOf(10_000), 20));
  });

  test("are looked for no deeper than anybody nests", () => {
    let schema: Record<string, unknown> = { type: "string", [MARK]: "A" };
    for (let depth = 0; depth < 5_000; depth++) schema = object({ a: schema });
    expect(mirroredArguments(schema)).toEqual([]);
  });
});

describe("the headers of a call", () => {
  const MIRRORED = [{ path: ["a"], header: "A" }, { path: ["b", "c"], header: "Deep" }];
  function headers(text: string): Record<string, string> {
    const call = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x","arguments":${text}}}`;
    return headersOfCall(readMessage(new TextEncoder().encode(call)), MIRRORED);
  }

  test.each([
    ['{"a":"us-west1","b":{"c":true}}', { "mcp-param-a": "us-west1", "mcp-param-deep": "true" }],
    ['{"a":false}', { "mcp-param-a": "false" }],
    ['{"a":42}', { "mcp-param-a": "42" }],
    ['{"a":-7}', { "mcp-param-a": "-7" }],
    ['{"a":42.0}', { "mcp-param-a": "42" }],
    ['{"a":9007199254740993}', { "mcp-param-a": "9007199254740993" }],
    ['{"a":""}', { "mcp-param-a": "" }],
    ['{"a":"Hello, \u4e16\u754c"}', { "mcp-param-a": "=?base64?SGVsbG8sIOS4lueVjA==?=" }],
    ['{"a":" padded "}', { "mcp-param-a": "=?base64?IHBhZGRlZCA=?=" }],
    ['{"a":"line1\\nline2"}', { "mcp-param-a": "=?base64?bGluZTEKbGluZTI=?=" }],
    ['{"a":"=?base64?literal?="}', { "mcp-param-a": "=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?=" }],
    ['{"a":null,"b":{}}', {}],
    ['{"a":[1],"b":{"c":{"d":1}}}', {}],
    ['{"b":7}', {}],
    ["null", {}],
  ])("of %s", (text, expected) => {
    expect(headers(text)).toEqual(expected);
  });

  test("are none where there are no arguments", () => {
    expect(headersOfCall(composeMessage({ id: 1, method: "tools/call", params: { name: "x" } }), MIRRORED)).toEqual({});
  });
});
