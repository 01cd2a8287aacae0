import { describe, expect, test } from "bun:test";
import { TextCures } from "../../../src/bridge/text_cures.ts";
import { StageRig } from "../../harness/stage_rig.ts";

function rigOf(cures: { nullArguments?: boolean; lineSeparators?: boolean }): StageRig {
  return new StageRig((neighbours) =>
    new TextCures({ nullArguments: false, lineSeparators: false, ...neighbours, ...cures })
  );
}

const CALL =
  '{"jsonrpc":"2.0", "id":12345678901234567890,"params":{"arguments": null,"name":"a"},"method":"tools/call"}';

describe("null-arguments", () => {
  test("puts an object in the place of null and leaves every other byte", () => {
    const rig = rigOf({ nullArguments: true });
    rig.say(CALL);
    expect(rig.passed).toEqual([CALL.replace("null", "{}")]);
  });

  test.each([
    '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a"}}',
    '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","arguments":{"arguments":null}}}',
    '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","arguments":"null"}}',
    '{"jsonrpc":"2.0","id":1,"method":"prompts/get","params":{"name":"a","arguments":null}}',
    '{"jsonrpc":"2.0","id":1,"method":"tools/call"}',
  ])("leaves %s as it is", (text) => {
    const rig = rigOf({ nullArguments: true });
    rig.say(text);
    expect(rig.passed).toEqual([text]);
  });
});

describe("line-separators", () => {
  test("escapes what a reader may take for the end of a line, in values, keys and ids", () => {
    const rig = rigOf({ lineSeparators: true });
    rig.hear('{"jsonrpc":"2.0","id":"\u2028","result":{"a\u2029":"\u0085 \u2028\u2028“é”","b": 1.0}}');
    expect(rig.received).toEqual([
      '{"jsonrpc":"2.0","id":"\\u2028","result":{"a\\u2029":"\\u0085 \\u2028\\u2028“é”","b": 1.0}}',
    ]);
  });

  test("leaves a message without them as it is, and what the client says too", () => {
    const rig = rigOf({ lineSeparators: true });
    const text = '{"jsonrpc":"2.0","method":"m","params":{"a":"\\u2028“…”é"}}';
    rig.hear(text);
    rig.say(`{"jsonrpc":"2.0","method":"m","params":{"a":"\u2028"}}`);
    expect(rig.received).toEqual([text]);
    expect(rig.passed).toEqual([`{"jsonrpc":"2.0","method":"m","params":{"a":"\u2028"}}`]);
  });
});

test("a cure that is off changes nothing", () => {
  const rig = rigOf({});
  rig.say(CALL);
  rig.hear('{"jsonrpc":"2.0","id":1,"result":"\u2028"}');
  expect(rig.passed).toEqual([CALL]);
  expect(rig.received).toEqual(['{"jsonrpc":"2.0","id":1,"result":"\u2028"}']);
});
