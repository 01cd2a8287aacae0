import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Budget } from "../../../src/platform/budget.ts";
import { readPosted } from "../../../src/serve/read_body.ts";
import { runs } from "../../harness/counts.ts";
import { FakeClock, settle } from "../../harness/fake_clock.ts";
import type { Json } from "../../harness/fake_mcp.ts";
import { toJson } from "../../harness/stage_rig.ts";

const PING = '{"jsonrpc":"2.0","id":1,"method":"ping"}';

function read(
  body: string | Uint8Array<ArrayBuffer>,
  type: string | null = "application/json",
  limit = 10_000,
): ReturnType<typeof readPosted> {
  const headers = new Headers(type === null ? [] : [["content-type", type]]);
  const request = new Request("http://x/", { method: "POST", headers, body: new Blob([body]) });
  if (type === null) request.headers.delete("content-type");
  return readPosted(request, { limit, budget: new Budget(1_048_576) });
}

async function refused(...what: Parameters<typeof read>): Promise<[status: number, code: unknown, id: unknown]> {
  const answer = await read(...what);
  if (!(answer instanceof Response)) throw new Error(`It was taken: ${JSON.stringify(answer.map(toJson))}`);
  expect(answer.headers.get("content-type")).toBe("application/json");
  const { jsonrpc, id, error } = await answer.json() as Json;
  expect(jsonrpc).toBe("2.0");
  return [answer.status, error.data?.code ?? error.code, id];
}

describe("a body", () => {
  test.each(["application/json", "Application/JSON", "application/json; charset=utf-8", "application/json ;x=y"])(
    "of type %s is read",
    async (type) => expect(((await read(PING, type)) as readonly unknown[]).length).toBe(1),
  );

  test.each([
    null,
    "",
    "text/plain",
    "text/event-stream",
    "application/jsonp",
    "application/json-rpc",
    "application/x-www-form-urlencoded",
    "text/plain; application/json",
    "multipart/form-data; boundary=x",
  ])("of type %p is refused with 415, since pages of other sites may send such", async (type) => {
    expect(await refused(PING, type)).toEqual([415, -32600, null]);
  });

  test("is taken up to the limit to the byte, and refused beyond with 413", async () => {
    expect(await read(PING, "application/json", PING.length)).toHaveLength(1);
    expect(await refused(PING, "application/json", PING.length - 1)).toEqual([413, "too_large", null]);
  });

  test.each<[string, string, number, unknown]>([
    ["nothing", "", -32700, null],
    ["blanks", " \n\t ", -32700, null],
    ["no JSON", "ping", -32700, null],
    ["half an object", '{"jsonrpc":"2.0","id":1,', -32700, null],
    ["two messages", `${PING}${PING}`, -32700, null],
    ["a number", "1", -32600, null],
    ["an empty batch", "[]", -32600, null],
    ["a batch in a batch", `[[${PING}]]`, -32600, null],
    ["a batch with something else", `[${PING},1]`, -32600, null],
    ["half a batch", `[${PING},`, -32700, null],
    ["another version", '{"jsonrpc":"1.0","id":7,"method":"ping"}', -32600, 7],
    ["neither a method nor an answer", '{"jsonrpc":"2.0","id":"x"}', -32600, "x"],
    ["an id that is an object", '{"jsonrpc":"2.0","id":{},"method":"ping"}', -32600, null],
  ])("of %s is refused with 400, in words of JSON-RPC", async (_what, body, code, id) => {
    const [status, ...rest] = await refused(body);
    expect([status, rest[0]]).toEqual([400, code]);
    if (code === -32600) expect(rest[1]).toEqual(id);
  });

  test("that is a batch gives its messages in order, each as it was written", async () => {
    const texts = [PING, '{"jsonrpc" : "2.0","method":"notifications/x"}', '{"jsonrpc":"2.0","id":1,"result":1.0}'];
    const messages = await read(` [${texts.join(" ,\n")}]`) as readonly { bytes: Uint8Array }[];
    expect(messages.map(({ bytes }) => new TextDecoder().decode(bytes))).toEqual(texts);
  });

  test("of any bytes is read or refused with 400", async () => {
    const garbage = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.json().map((text) => new TextEncoder().encode(text)),
      fc.array(fc.constantFrom("{", "}", "[", "]", ",", ":", '"', "jsonrpc", "2.0", "id", "\\", "1", "null", "\u00e9"))
        .map((parts) => new TextEncoder().encode(parts.join(""))),
    );
    await fc.assert(
      fc.asyncProperty(garbage, async (bytes) => {
        const answer = await read(bytes as Uint8Array<ArrayBuffer>);
        if (answer instanceof Response) expect(answer.status).toBe(400);
        else expect(answer.length).toBeGreaterThan(0);
      }),
      { numRuns: runs(300, 20_000) },
    );
  });

  test("that breaks off is nobody's", async () => {
    const body = new ReadableStream({
      start(controller): void {
        controller.enqueue(new TextEncoder().encode("{"));
        controller.error(new Error("gone"));
      },
    });
    const request = new Request("http://x/", { method: "POST", headers: { "content-type": "application/json" }, body });
    expect(((await readPosted(request, { limit: 100, budget: new Budget(100) })) as Response).status).toBe(400);
  });
});

test("a large body that comes drop by drop is refused where others wait", async () => {
  const clock = new FakeClock();
  const budget = new Budget(0, false, clock);
  const start = (controller: ReadableStreamDefaultController<Uint8Array>): void =>
    controller.enqueue(new Uint8Array(300_000));
  const headers = { "content-type": "application/json" };
  const request = new Request("http://x/", { method: "POST", headers, body: new ReadableStream({ start }) });
  const answer = readPosted(request, { limit: 1_048_576, budget });
  await settle();
  const other = budget.lease().grow(1);
  await clock.pass(10_000);
  const refused = await answer as Response;
  expect([refused.status, (await refused.json() as Json).error.message]).toEqual([
    408,
    expect.stringContaining("so slowly that others had to wait for it"),
  ]);
  await other;
});
