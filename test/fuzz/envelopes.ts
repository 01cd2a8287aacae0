import { expect } from "bun:test";
import fc from "fast-check";
import { splitBatch } from "../../src/transport/batch.ts";
import { MalformedMessage } from "../../src/transport/malformed_message.ts";
import { readMessage } from "../../src/transport/message.ts";
import { idKey } from "../../src/transport/message_id.ts";
import { damagedTextOf, type Target, target, textOf } from "./target.ts";

const PIECES = [
  "{",
  "}",
  "[",
  "]",
  ",",
  ":",
  '"',
  '"jsonrpc":"2.0"',
  '"id":1',
  '"id":"a"',
  '"id":null',
  '"id":1.0',
  '"method":"m"',
  '"params":{}',
  '"result":{}',
  '"error":{"code":-1,"message":"x"}',
  "\\u0069d",
  "\\u0000",
  "\\ud800",
  "1e999",
  "-0",
  "9007199254740993",
  "true",
  "null",
  "\n",
  " ",
  "\ufeff",
  "\u2028",
  "__proto__",
  "[".repeat(50),
  '{"a":'.repeat(50),
];
const RIGHT = fc.oneof(
  fc.constantFrom(
    '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","arguments":{"b":[1,2]}}}',
    '{"jsonrpc":"2.0","id":"x","result":{"content":[]}}',
    '{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":1}}',
    '[{"jsonrpc":"2.0","id":1,"method":"a"},{"jsonrpc":"2.0","id":2,"method":"b"}]',
  ),
  fc.record({
    jsonrpc: fc.constant("2.0"),
    id: fc.oneof(fc.integer(), fc.string(), fc.double(), fc.constant(null)),
    method: fc.string(),
    params: fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 4 }),
  }).map((message) => JSON.stringify(message)),
);

/** A message is read as `JSON.parse` reads it and keeps its text, or is refused for what it is. */
export const envelopes: readonly Target[] = [
  target("envelope", fc.oneof(textOf(PIECES), damagedTextOf(RIGHT, PIECES), RIGHT), (text) => {
    const bytes = new TextEncoder().encode(text);
    for (const part of splitBatch(bytes)) checkOne(part);
  }, [
    "",
    "{",
    "[]",
    "[[]]",
    "\ufeff{}",
    '{"id":1,"id":2,"jsonrpc":"2.0","method":"m"}',
    '{"jsonr\npc":"2.0","id":1,"method":"a"}',
  ]),
];

function checkOne(bytes: Uint8Array): void {
  const text = new TextDecoder().decode(bytes);
  const json = parsed(text);
  try {
    const message = readMessage(bytes);
    expect(json).toBeDefined();
    expect(JSON.parse(new TextDecoder().decode(message.bytes))).toEqual(json!.value);
    expect(message.bytes.includes(10)).toBe(false);
    const { id, method } = json!.value as { id?: unknown; method?: unknown };
    if (message.method !== undefined) expect(message.method as unknown).toBe(method);
    if (message.id === undefined) return;
    expect(JSON.parse(message.id)).toEqual(id);
    expect(message.key).toBe(idKey(message.id));
    const renamed = JSON.parse(new TextDecoder().decode(message.withId('"other"').bytes));
    expect(renamed).toEqual({ ...(json!.value as object), id: "other" });
  } catch (thrown) {
    if (!(thrown instanceof MalformedMessage)) throw thrown;
    expect(thrown.isJson).toBe(json !== undefined);
    if (thrown.id !== undefined) expect(() => JSON.parse(thrown.id!)).not.toThrow();
  }
}

function parsed(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}
