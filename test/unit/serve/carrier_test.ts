import { describe, expect, test } from "bun:test";
import { carrierOf } from "../../../src/serve/carrier.ts";
import { composeMessage } from "../../../src/transport/message.ts";

const PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

function of(headers: Record<string, string>): ReturnType<typeof carrierOf> {
  return carrierOf(new Request("http://127.0.0.1/mcp/a", { headers }));
}

describe("the id of a request", () => {
  test("is the client's where it is sane, else one of ours, each another", () => {
    expect(of({ "x-request-id": "abc-1.2_3~" }).requestId).toBe("abc-1.2_3~");
    const own = [{}, { "x-request-id": 'a"b' }, { "x-request-id": "x".repeat(65) }, { "x-request-id": "a b" }]
      .map((headers) => of(headers as Record<string, string>).requestId);
    expect(new Set(own).size).toBe(4);
    for (const id of own) expect(id).toMatch(/^[0-9a-f]{12}-[0-9a-z]+$/);
  });
});

describe("the trace of a request", () => {
  test("goes on with its state", () => {
    const tracestate = "rojo=00f067aa0ba902b7,congo@vendor=t61rcWkgMzE";
    expect(of({ traceparent: PARENT, tracestate }).trace).toEqual({ traceparent: PARENT, tracestate });
  });

  test.each([
    "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what-will-be",
    "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00",
  ])("%s is one", (traceparent) => {
    expect(of({ traceparent }).trace).toEqual({ traceparent });
  });

  test.each([
    "",
    "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
    "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
    "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
    "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
    "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    `${PARENT}-more`,
  ])("%j is none, and its state goes nowhere either", (traceparent) => {
    expect(of({ traceparent, tracestate: "a=b" }).trace).toBeUndefined();
  });

  test.each(["a", "A=b", "a=b,c", "a=b;c=\u00e9", `a=${"b".repeat(600)}`])("state %j is left out", (tracestate) => {
    expect(of({ traceparent: PARENT, tracestate }).trace).toEqual({ traceparent: PARENT });
  });

  test("is judged quickly, whatever it is", () => {
    const begun = performance.now();
    of({ traceparent: PARENT, tracestate: `${"a=b,".repeat(120)} ,\t`.repeat(1) + "=" });
    of({ traceparent: PARENT, tracestate: `${" ".repeat(250)},${"\t".repeat(250)}!` });
    expect(performance.now() - begun).toBeLessThan(100);
  });
});

test("what brought a message stays with it when its text is edited", () => {
  const message = composeMessage({ id: 1, method: "tools/call", params: { _meta: { a: 1 } } });
  const carrier = of({});
  message.carrier = carrier;
  const edited = message.withId("2").withParam("x", "1").withParams([], [["b", "2"]]).withoutMeta("a");
  expect([edited.carrier, new TextDecoder().decode(edited.bytes)]).toEqual([
    carrier,
    '{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"x":1,"_meta":{"b":2}}}',
  ]);
});
