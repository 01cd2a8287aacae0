import { describe, expect, test } from "bun:test";
import { AnswerReader } from "../../../src/net/http_answer.ts";
import type { BridgeError } from "../../../src/platform/errors.ts";

interface Read {
  readonly status: number | undefined;
  readonly headers: Record<string, string>;
  readonly body: string;
  readonly isOver: boolean;
}

/** Reads an answer that comes in pieces of `size` bytes. */
function read(text: string, size = Infinity, ends = false): Read {
  const reader = new AnswerReader();
  const bytes = Buffer.from(text, "latin1");
  let body = "";
  for (let at = 0; at < bytes.length; at += size) {
    for (const part of reader.push(bytes.subarray(at, at + size))) body += Buffer.from(part).toString("latin1");
  }
  if (ends) reader.end();
  const { status, headers } = reader.takeHead() ?? {};
  return { status, headers: headers?.toJSON() ?? {}, body, isOver: reader.isOver };
}

function faultOf(work: () => unknown): BridgeError {
  try {
    work();
  } catch (thrown) {
    return thrown as BridgeError;
  }
  throw new Error("It did not fail");
}

const CHUNKED = "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\nX-Y:  z \r\n\r\n";

describe("an answer", () => {
  for (
    const [name, text, expected] of [
      ["of a stated length", "HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\n\r\nabc", { status: 404, body: "abc" }],
      ["of no length", "HTTP/1.0 200 OK\r\n\r\nabc", { status: 200, body: "abc", isOver: false }],
      ["in chunks", `${CHUNKED}3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n`, { status: 200, body: "abc0123456789" }],
      [
        "in chunks that states a length as well",
        `${CHUNKED.slice(0, -2)}Content-Length: 0\r\n\r\n1\r\na\r\n0\r\n\r\n`,
        { body: "a" },
      ],
      ["whose lines end in line feeds", "HTTP/1.1 200 OK\nContent-Length: 1\n\na", { status: 200, body: "a" }],
      [
        "behind one that announces it",
        "HTTP/1.1 103 Early\r\nlink: x\r\n\r\nHTTP/1.1 200\r\nContent-Length: 0\r\n\r\n",
        {
          status: 200,
          body: "",
          headers: { "content-length": "0" },
        },
      ],
      ["without a body, whatever it says", "HTTP/1.1 204 No\r\nContent-Length: 5\r\n\r\nabcde", {
        status: 204,
        body: "",
      }],
      ["with something behind it", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nabc", { status: 200, body: "a" }],
    ] as const
  ) {
    test(`${name} is read, wherever its bytes are cut`, () => {
      for (let size = 1; size <= text.length; size++) {
        expect(read(text, size)).toMatchObject({ isOver: true, ...expected });
      }
    });
  }

  test("has its headers without the blanks around them, a name that comes twice with both values, and bytes as they are", () => {
    const { headers } = read("HTTP/1.1 200 OK\r\nA:\t b c \r\na: d\r\nE:\r\nf: \xe9\r\ncontent-length: 0\r\n\r\n");
    expect(headers).toEqual({ a: "b c, d", e: "", f: "\xe9", "content-length": "0" });
  });

  test("gives what has come, before the rest is there, and its head once", () => {
    const reader = new AnswerReader();
    expect(reader.push(Buffer.from(`${CHUNKED}ff\r\n:\n\n`)).map((part) => Buffer.from(part).toString())).toEqual([
      ":\n\n",
    ]);
    expect(reader.isOver).toBe(false);
    expect([reader.takeHead()?.status, reader.takeHead()]).toEqual([200, undefined]);
  });
});

describe("what is no answer is refused as bad:", () => {
  for (
    const [name, text] of [
      ["another protocol", "SSH-2.0-OpenSSH_9.6\r\n"],
      ["another version", "HTTP/2 200 OK\r\n\r\n"],
      ["a status of two digits", "HTTP/1.1 20 OK\r\n\r\n"],
      ["a change of the protocol", "HTTP/1.1 101 Switching\r\n\r\n"],
      ["a header line without a name", "HTTP/1.1 200 OK\r\n: a\r\n\r\n"],
      ["a blank before the colon", "HTTP/1.1 200 OK\r\nA : b\r\n\r\n"],
      ["a folded header line", "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n"],
      ["a zero in a value", "HTTP/1.1 200 OK\r\nA: b\0c\r\n\r\n"],
      ["an unknown transfer coding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"],
      ["a length that is no number", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"],
      ["two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"],
      ["a chunk without a size", `${CHUNKED}\r\n`],
      ["a chunk of a strange size", `${CHUNKED}0x3\r\nabc\r\n`],
      ["a chunk beyond any size", `${CHUNKED}fffffffffffff\r\n`],
      ["a chunk longer than it says", `${CHUNKED}2\r\nabc\r\n`],
      ["a head without an end", `HTTP/1.1 200 OK\r\n${"a: b\r\n".repeat(20_000)}`],
      ["a line without an end", `HTTP/1.1 200 ${"a".repeat(70_000)}`],
      ["a chunk's line without an end", `${CHUNKED}3;${"a".repeat(5_000)}`],
    ] as const
  ) {
    test(name, () => {
      for (const size of [1, 1_000, Infinity]) expect(faultOf(() => read(text, size)).code).toBe("bad_answer");
    });
  }
});

describe("a connection that ends", () => {
  const whole = `${CHUNKED}3\r\nabc\r\n0\r\n\r\n`;

  test("is the end of an answer of no length, and of one that is whole", () => {
    expect(read("HTTP/1.1 200 OK\r\n\r\nabc", Infinity, true)).toMatchObject({ body: "abc", isOver: true });
    expect(read(whole, Infinity, true).isOver).toBe(true);
  });

  test("before that has cut the answer off", () => {
    for (let length = 0; length < whole.indexOf("0\r\n\r\n") + 3; length++) {
      expect(faultOf(() => read(whole.slice(0, length), Infinity, true)).code).toBe("outcome_unknown");
    }
    const stated = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc";
    expect(faultOf(() => read(stated, Infinity, true)).code).toBe("outcome_unknown");
  });
});
