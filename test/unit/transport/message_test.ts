import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { splitBatch } from "../../../src/transport/batch.ts";
import { MalformedMessage } from "../../../src/transport/malformed_message.ts";
import { composeMessage, type Message, readMessage } from "../../../src/transport/message.ts";
import { idKey } from "../../../src/transport/message_id.ts";
import { runs } from "../../harness/counts.ts";

const encoder = new TextEncoder();

function read(text: string): Message {
  return readMessage(encoder.encode(text));
}

function textOf(message: Message): string {
  return new TextDecoder().decode(message.bytes);
}

function faultOf(text: string): MalformedMessage {
  try {
    read(text);
  } catch (fault) {
    if (fault instanceof MalformedMessage) return fault;
  }
  throw new Error(`Expected a fault: ${text}`);
}

describe("readMessage", () => {
  test("tells the kinds apart", () => {
    expect(read('{"jsonrpc":"2.0","id":1,"method":"ping"}').kind).toBe("request");
    expect(read('{"jsonrpc":"2.0","method":"notifications/initialized"}').kind).toBe("notification");
    expect(read('{"jsonrpc":"2.0","id":1,"result":{}}').kind).toBe("response");
    expect(read('{"jsonrpc":"2.0","id":null,"error":{"code":1,"message":""}}').kind).toBe("response");
  });

  test("keeps the text of every message of any shape", () => {
    const member = fc.tuple(fc.string(), fc.jsonValue());
    fc.assert(
      fc.property(fc.array(member, { maxLength: 6 }), fc.oneof(fc.integer(), fc.string()), (members, id) => {
        const text = JSON.stringify({
          ...Object.fromEntries(members),
          jsonrpc: "2.0",
          id,
          method: "m",
          params: { id: 0 },
        });
        const message = read(text);
        expect(textOf(message)).toBe(text);
        expect(message.id).toBe(JSON.stringify(id));
        expect(message.method).toBe("m");
      }),
      { numRuns: runs(1_000, 100_000) },
    );
  });

  test("takes out a byte order mark and line breaks between tokens", () => {
    const message = read('\ufeff{\r\n  "jsonrpc": "2.0",\n  "id": 7,\n  "result": {}\n}\n');
    expect(textOf(message)).toBe('{  "jsonrpc": "2.0",  "id": 7,  "result": {}}');
    expect(message.id).toBe("7");
  });

  test("decodes escapes in keys and in the method", () => {
    const message = read('{"jsonrpc":"2.0","\\u0069d":1,"method":"tools\\/call"}');
    expect(message.method).toBe("tools/call");
    expect(message.id).toBe("1");
  });

  test("says whether a text is no JSON, or JSON but no message, and keeps the id that it could read", () => {
    expect(faultOf("hello").isJson).toBe(false);
    expect(faultOf('{"jsonrpc":"2.0","id":1,"method":"x"').isJson).toBe(false);
    expect(faultOf("42").isJson).toBe(true);
    expect(faultOf("[]").isJson).toBe(true);
    expect(faultOf('{"id":5,"method":"x"}')).toMatchObject({ isJson: true, id: "5" });
    expect(faultOf('{"jsonrpc":"1.0","id":5,"method":"x"}')).toMatchObject({ isJson: true, id: "5" });
    expect(faultOf('{"jsonrpc":"2.0","id":{},"method":"x"}')).toMatchObject({ isJson: true, id: undefined });
    expect(faultOf('{"jsonrpc":"2.0","id":5}')).toMatchObject({ isJson: true, id: "5" });
    expect(faultOf('{"jsonrpc":"2.0","id":5,"method":3}')).toMatchObject({ isJson: true, id: "5" });
    expect(faultOf('{"jsonrpc":"2.0","id":1,"method":"x"} trailing').isJson).toBe(false);
  });
});

describe("Message", () => {
  test("finds what stands below params by its path", () => {
    const message = read(
      '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a\\u0062","_meta":{"progressToken":12345678901234567890}}}',
    );
    expect(message.stringParam("name")).toBe("ab");
    expect(message.param("_meta", "progressToken")).toBe("12345678901234567890");
    expect(message.param("_meta", "nothing")).toBeUndefined();
    expect(message.param("name", "deeper")).toBeUndefined();
    expect(read('{"jsonrpc":"2.0","id":1,"method":"x","params":[1]}').param("name")).toBeUndefined();
  });

  test("takes another id without touching the rest, wherever the id stands", () => {
    const moved = read(
      '{"method":"initialize","params":{"id":1,"big":12345678901234567890},"jsonrpc":"2.0","id" : 0 }',
    )
      .withId('"x"');
    expect(textOf(moved)).toBe(
      '{"method":"initialize","params":{"id":1,"big":12345678901234567890},"jsonrpc":"2.0","id" : "x" }',
    );
    expect(moved.key).toBe('"x"');
    expect(textOf(read('{"jsonrpc":"2.0","error":{"code":1,"message":"m"}}').withId("3"))).toBe(
      '{"id":3,"jsonrpc":"2.0","error":{"code":1,"message":"m"}}',
    );
  });

  describe("that nobody needs any more gets another id", () => {
    const large = (id: string): Message =>
      read(`{"id":${id},"result":{"id":7,"a":"${"x".repeat(1_100_000)}"},"jsonrpc":"2.0"}`);

    test("in its own place where it is large and there is room, with blanks behind", () => {
      const answer = large("1000000001");
      answer.carrier = { requestId: "r" };
      const renamed = answer.renamed('"a"');
      expect(textOf(renamed).slice(0, 40)).toBe('{"id":"a"       ,"result":{"id":7,"a":"x');
      expect([renamed.bytes.buffer, renamed.key, renamed.carrier]).toEqual([answer.bytes.buffer, '"a"', {
        requestId: "r",
      }]);
    });

    test("in a copy where there is no room, or it is small", () => {
      expect(textOf(large("1").renamed('"abc"')).slice(0, 20)).toBe('{"id":"abc","result"');
      const small = read('{"jsonrpc":"2.0","id":1000000001,"result":{}}');
      expect(textOf(small.renamed("1"))).toBe('{"jsonrpc":"2.0","id":1,"result":{}}');
      expect(small.id).toBe("1000000001");
    });
  });

  test("keeps what brought it when the metadata of a result is edited", () => {
    const answer = read('{"jsonrpc":"2.0","id":1,"result":{"_meta":{"x":1}}}');
    answer.carrier = { requestId: "r", trace: { traceparent: "t" } };
    const renamed = answer.withResultMeta("x", "2");
    expect(textOf(renamed)).toBe('{"jsonrpc":"2.0","id":1,"result":{"_meta":{"x":2}}}');
    expect(renamed.carrier).toEqual({ requestId: "r", trace: { traceparent: "t" } });
  });

  test("tells an error from a result", () => {
    expect(read('{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"m"}}').isError).toBe(true);
    expect(read('{"jsonrpc":"2.0","id":1,"result":{"error":1}}').isError).toBe(false);
  });

  test("composes messages of our own", () => {
    expect(textOf(composeMessage({ method: "ping", id: 1 }))).toBe(
      '{"jsonrpc":"2.0","method":"ping","id":1}',
    );
  });
});

describe("idKey", () => {
  test.each([
    ["1", "1.0"],
    ["1000", "1e3"],
    ['"é"', '"\\u00e9"'],
    ['"a/b"', '"a\\/b"'],
    ["0", "-0"],
  ])("%s and %s are one id", (left, right) => expect(idKey(left)).toBe(idKey(right)));

  test.each([
    ["1", '"1"'],
    ["9007199254740993", "9007199254740992"],
    ["1", "1.5"],
    ["null", '"null"'],
  ])("%s and %s are two ids", (left, right) => expect(idKey(left)).not.toBe(idKey(right)));
});

describe("splitBatch", () => {
  test("takes an array apart and leaves every other text alone", () => {
    const texts = (text: string): string[] =>
      splitBatch(encoder.encode(text)).map((part) => new TextDecoder().decode(part));
    expect(texts('[{"a":1}, {"b":[2,3]}]')).toEqual(['{"a":1}', '{"b":[2,3]}']);
    expect(texts('{"a":1}')).toEqual(['{"a":1}']);
    expect(texts("[]")).toEqual(["[]"]);
    expect(texts('[{"a":1},')).toEqual(['[{"a":1},']);
  });
});

describe("withParam", () => {
  test.each([
    ['{"jsonrpc":"2.0","id":1,"method":"m"}', '{"params":{"a":[1]},"jsonrpc":"2.0","id":1,"method":"m"}'],
    ['{"jsonrpc":"2.0","method":"m","params":null}', '{"jsonrpc":"2.0","method":"m","params":{"a":[1]}}'],
    ['{"jsonrpc":"2.0","method":"m", "params":{ }}', '{"jsonrpc":"2.0","method":"m", "params":{"a":[1] }}'],
    [
      '{"params":{"b":12345678901234567890,"a":null},"jsonrpc":"2.0","method":"m","x":1.0}',
      '{"params":{"b":12345678901234567890,"a":[1]},"jsonrpc":"2.0","method":"m","x":1.0}',
    ],
  ])("of %s gives %s", (text, expected) => expect(textOf(read(text).withParam("a", "[1]"))).toBe(expected));
});

describe("what nobody means", () => {
  test("is an id or a method of more than 64 KiB, and neither is kept", () => {
    const long = "x".repeat(65_536);
    for (const text of [`{"jsonrpc":"2.0","id":"${long}","result":{}}`, `{"jsonrpc":"2.0","method":"${long}"}`]) {
      expect(() => read(text)).toThrow("longer than 64 KiB");
    }
    expect(read(`{"jsonrpc":"2.0","id":"${long.slice(2)}","result":{}}`)).toBeDefined();
  });

  test("is a value of more than 1 MiB where a name or a token belongs", () => {
    const message = readMessage(
      Buffer.from(`{"jsonrpc":"2.0","method":"x","params":{"a":"${"x".repeat(1_048_576)}","b":1}}`),
    );
    expect([message.param("a"), message.param("b")]).toEqual([undefined, "1"]);
  });

  test("is a batch of more than 100,000 messages", () => {
    const batch = (count: number): Uint8Array => Buffer.from(`[${"1,".repeat(count - 1)}1]`);
    expect(splitBatch(batch(100_000))).toHaveLength(100_000);
    expect(splitBatch(batch(100_001))).toHaveLength(1);
  });
});
