import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { errorAnswer } from "../../../src/bridge/answers.ts";
import { MergedLists } from "../../../src/bridge/merged_lists.ts";
import { Budget } from "../../../src/platform/budget.ts";
import { BridgeError } from "../../../src/platform/errors.ts";
import type { Message } from "../../../src/transport/message.ts";
import { idKey } from "../../../src/transport/message_id.ts";
import { runs } from "../../harness/counts.ts";
import { FakeClock } from "../../harness/fake_clock.ts";
import type { Json } from "../../harness/fake_mcp.ts";
import { StageRig } from "../../harness/stage_rig.ts";

const SERVER = "mcp.example.com";

class MergeRig extends StageRig {
  readonly clock: FakeClock;
  readonly budget: Budget;
  readonly warnings: string[];

  constructor(total = 0, limit = 1_048_576) {
    const [clock, budget, warnings] = [new FakeClock(), new Budget(limit), [] as string[]];
    const notify = ({ text }: { text: string }): void => void warnings.push(text);
    super((neighbours) => new MergedLists({ ...neighbours, server: SERVER, clock, budget, notify, total }));
    this.clock = clock;
    this.budget = budget;
    this.warnings = warnings;
  }

  /** What the pump got last, and all that the client received. */
  get lastPassed(): Json {
    return JSON.parse(this.passed.at(-1)!);
  }

  get answers(): Json[] {
    return this.received.map((text) => JSON.parse(text));
  }

  /** The server answers what the pump got last with a page. */
  answer(tools: unknown[], nextCursor?: unknown): void {
    this.hear({ id: this.lastPassed.id, result: { tools, ...(nextCursor === undefined ? {} : { nextCursor }) } });
  }
}

describe("MergedLists", () => {
  test("answers with all pages at once, and every byte beside the pages' joint stays", () => {
    const rig = new MergeRig();
    rig.say('{"jsonrpc":"2.0","id":12345678901234567890,"method":"tools/list","params":{"_meta":{"a":1.0}}}');
    rig.hear(
      '{"id":12345678901234567890, "result":{"nextCursor":"\\u0062" ,"tools":[ {"n":1e400} ],"z":0},"jsonrpc":"2.0"}',
    );
    expect(rig.received).toEqual([]);
    expect(rig.passed[1]).toBe(
      '{"jsonrpc":"2.0","id":"mcp-bridge:list:1","method":"tools/list","params":{"cursor":"\\u0062","_meta":{"a":1.0}}}',
    );
    rig.hear('{"jsonrpc":"2.0","id":"mcp-bridge:list:1","result":{"tools":[],"nextCursor":"c"}}');
    rig.hear(
      '{"jsonrpc":"2.0","id":"mcp-bridge:list:2","result":{"y":1,"tools":[ {"n" : 9007199254740993}, {"é":2}],"nextCursor":null}}',
    );
    expect(rig.received).toEqual([
      '{"id":12345678901234567890, "result":{"tools":[ {"n":1e400},{"n" : 9007199254740993},{"é":2} ],"z":0},"jsonrpc":"2.0"}',
    ]);
    expect(rig.warnings).toEqual([]);
  });

  test.each([
    ["tools/list", "tools"],
    ["prompts/list", "prompts"],
    ["resources/list", "resources"],
    ["resources/templates/list", "resourceTemplates"],
  ])("merges the pages of %s", (method, member) => {
    const rig = new MergeRig();
    rig.say({ id: 1, method });
    rig.hear({ id: 1, result: { [member]: [], nextCursor: "2" } });
    rig.hear({ id: "mcp-bridge:list:1", result: { [member]: [{ a: 1 }, { a: 2 }] } });
    expect(rig.answers).toEqual([{ jsonrpc: "2.0", id: 1, result: { [member]: [{ a: 1 }, { a: 2 }] } }]);
  });

  test.each<[string, string]>([
    ["a list of one page", '{"jsonrpc":"2.0","id":1, "result":{"tools":[ 1 ]}}'],
    ["a list whose end is an empty cursor", '{"jsonrpc":"2.0","id":1,"result":{"tools":[],"nextCursor":""}}'],
    ["a list whose end is null", '{"jsonrpc":"2.0","id":1,"result":{"tools":[],"nextCursor":null}}'],
    ["an error", '{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"no"}}'],
    ["a result without a list", '{"jsonrpc":"2.0","id":1,"result":{"tools":7,"nextCursor":"2"}}'],
  ])("passes %s on as it is", (_name, text) => {
    const rig = new MergeRig();
    rig.say({ id: 1, method: "tools/list" });
    rig.hear(text);
    expect(rig.received).toEqual([text]);
    expect(rig.passed).toHaveLength(1);
  });

  test("leaves a client alone that names a cursor itself, and everything that is no list", () => {
    const rig = new MergeRig();
    rig.say({ id: 1, method: "tools/list", params: { cursor: "2" } });
    rig.answer([1], "3");
    rig.say({ id: 2, method: "tools/call", params: { name: "a" } });
    rig.answer([2], "3");
    rig.hear({ method: "notifications/tools/list_changed" });
    expect(rig.answers.map(({ result }) => result?.nextCursor)).toEqual(["3", "3", undefined]);
    expect(rig.passed).toHaveLength(2);
  });

  test("answers with what is there and the cursor of what is missing when a later page fails", () => {
    const rig = new MergeRig();
    rig.say({ id: 1, method: "tools/list" });
    rig.answer([1], "2");
    rig.answer([2], "3");
    rig.hear({ id: rig.lastPassed.id, error: { code: -32603, message: "out of\nluck" } });
    expect(rig.answers).toEqual([{ jsonrpc: "2.0", id: 1, result: { tools: [1, 2], nextCursor: "3" } }]);
    expect(rig.warnings).toEqual([String.raw`the answer to tools/list may not be complete: "out of\nluck"`]);
  });

  test("does so too when a later page is none, when the pages are too many, and when they are too large", () => {
    const none = new MergeRig();
    none.say({ id: 1, method: "tools/list" });
    none.answer([1], "2");
    none.hear({ id: none.lastPassed.id, result: { prompts: [2] } });
    expect(none.answers).toEqual([{ jsonrpc: "2.0", id: 1, result: { tools: [1], nextCursor: "2" } }]);

    const many = new MergeRig();
    many.say({ id: 1, method: "tools/list" });
    for (let page = 1; many.received.length === 0; page++) many.answer([page], `${page}`);
    expect(many.passed).toHaveLength(1_001);
    expect(many.answers[0]!.result).toMatchObject({ nextCursor: "1001" });
    expect(many.answers[0]!.result.tools).toHaveLength(1_001);

    const large = new MergeRig(0, 10_000);
    large.say({ id: 1, method: "tools/list" });
    for (let page = 1; large.received.length === 0; page++) large.answer(["x".repeat(3_000)], `${page}`);
    expect(large.answers[0]!.result.tools).toHaveLength(4);
    expect(large.budget.exhausted).toBe(false);
    expect([...none.warnings, ...many.warnings, ...large.warnings]).toHaveLength(3);
  });

  test("stops where a server names the same page again, and repeats nothing", () => {
    const rig = new MergeRig();
    rig.say({ id: 1, method: "tools/list" });
    rig.answer([{ name: "a" }, { name: "b" }], "2");
    rig.answer([{ name: "a" }, { name: "c" }], "2");
    expect(rig.answers).toEqual([{
      jsonrpc: "2.0",
      id: 1,
      result: { tools: [{ name: "a" }, { name: "b" }, { name: "c" }] },
    }]);
    expect(rig.warnings).toHaveLength(1);
  });

  test("gives the page up that is asked for when the client gives the list up, and answers nothing", () => {
    const rig = new MergeRig();
    rig.say({ id: 1, method: "tools/list" });
    rig.answer([1], "2");
    rig.say('{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"reason":"x","requestId":1}}');
    expect(rig.passed.at(-1)).toBe(
      '{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"reason":"x","requestId":"mcp-bridge:list:1"}}',
    );
    rig.say({ id: 1, method: "tools/list" });
    rig.answer([3]);
    expect(rig.answers).toEqual([{ jsonrpc: "2.0", id: 1, result: { tools: [3] } }]);
  });

  test("knows nothing of a list any more that the client gave up before its first page", () => {
    const rig = new MergeRig();
    rig.say({ id: 1, method: "tools/list" });
    rig.say({ method: "notifications/cancelled", params: { requestId: 1 } });
    rig.say({ id: 1, method: "tools/list", params: { cursor: "2" } });
    rig.answer([1], "3");
    expect(rig.answers).toEqual([{ jsonrpc: "2.0", id: 1, result: { tools: [1], nextCursor: "3" } }]);
  });

  test("merges a list all the same whose id is used a second time before its first page", () => {
    const rig = new MergeRig();
    const pump = new FakePump(rig);
    rig.say({ id: 1, method: "tools/list" });
    rig.say({ id: 1, method: "prompts/list" });
    pump.answer(0, 2, false);
    pump.answer(0, 2, false);
    expect(rig.answers.map(({ error, result }) => error?.data.code ?? result.tools)).toEqual([
      "invalid_request",
      [0, 1],
    ]);
  });

  test("leaves its own ids to everybody once they are answered", () => {
    const rig = new MergeRig();
    const pump = new FakePump(rig);
    rig.say({ id: 1, method: "tools/list" });
    for (let page = 0; page < 3; page++) pump.answer(0, 3, false);
    for (const id of ["mcp-bridge:list:1", "mcp-bridge:list:2"]) rig.say({ id, method: "ping" });
    expect(rig.received).toHaveLength(1);
    expect([...pump.inFlight.keys()]).toEqual(['"mcp-bridge:list:1"', '"mcp-bridge:list:2"']);
  });

  test("refuses ids in flight, the client's and its own, and lets nobody cancel its own", () => {
    const rig = new MergeRig();
    rig.say({ id: 1, method: "tools/list" });
    rig.answer([1], "2");
    rig.say({ id: 1, method: "ping" });
    rig.say({ id: "mcp-bridge:list:1", method: "ping" });
    rig.say({ method: "notifications/cancelled", params: { requestId: "mcp-bridge:list:1" } });
    expect(rig.answers.map(({ id, error }) => [id, error.data.code])).toEqual([
      [1, "invalid_request"],
      ["mcp-bridge:list:1", "invalid_request"],
    ]);
    rig.answer([2]);
    expect(rig.answers.at(-1)).toEqual({ jsonrpc: "2.0", id: 1, result: { tools: [1, 2] } });
  });

  test("gives all pages together the time that one request has", async () => {
    const rig = new MergeRig(10_000);
    rig.say({ id: 1, method: "tools/list" });
    await rig.clock.pass(6_000);
    rig.answer([1], "2");
    await rig.clock.pass(3_000);
    rig.answer([2], "3");
    await rig.clock.pass(999);
    expect(rig.received).toEqual([]);
    await rig.clock.pass(1);
    expect(rig.answers).toEqual([{ jsonrpc: "2.0", id: 1, result: { tools: [1, 2], nextCursor: "3" } }]);
    expect(rig.lastPassed).toEqual({
      jsonrpc: "2.0",
      method: "notifications/cancelled",
      params: { requestId: "mcp-bridge:list:2" },
    });
  });

  test("lets the time of a list that was answered pass", async () => {
    const rig = new MergeRig(10_000);
    rig.say({ id: 1, method: "tools/list" });
    rig.answer([1], "2");
    rig.answer([2]);
    await rig.clock.pass(20_000);
    expect(rig.received).toHaveLength(1);
  });
});

/** A pump as the stage sees it: refuses twins, forgets what is cancelled, answers each other request once. */
class FakePump {
  readonly inFlight = new Map<string, Message>();
  readonly #rig: MergeRig;

  constructor(rig: MergeRig) {
    this.#rig = rig;
    rig.onpassed = (message) => this.take(message);
  }

  take(message: Message): void {
    if (message.method === "notifications/cancelled") this.inFlight.delete(idKey(message.param("requestId")!));
    else if (this.inFlight.has(message.key)) {
      const error = new BridgeError("invalid_request", "a request with this id is in flight already");
      void this.#rig.stage.send(errorAnswer(message.id!, error, SERVER));
    } else this.inFlight.set(message.key, message);
  }

  /** Answers one request in flight: with the page that it asks for, of `pages` in all, or with an error. */
  answer(which: number, pages: number, fails: boolean): void {
    const [key, message] = [...this.inFlight][which % Math.max(this.inFlight.size, 1)] ?? [];
    if (key === undefined || message === undefined) return;
    this.inFlight.delete(key);
    const page = Number(message.stringParam("cursor") ?? 0);
    const next = page + 1 < pages ? { nextCursor: `${page + 1}` } : {};
    const answer = fails ? { error: { code: 1, message: "no" } } : { result: { tools: [page], ...next } };
    this.#rig.hear({ id: JSON.parse(message.id!), ...answer });
  }
}

test("each list that is not given up gets one answer, whatever the order of pages, errors, cancels and ids", () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant("list" as const), id: fc.nat(3) }),
    fc.record({ kind: fc.constant("cancel" as const), id: fc.nat(3) }),
    fc.record({ kind: fc.constant("answer" as const), which: fc.nat(5), fails: fc.integer({ min: 0, max: 4 }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), fc.integer({ min: 1, max: 4 }), (steps, pages) => {
      const rig = new MergeRig();
      const pump = new FakePump(rig);
      /** How many answers each id has to get, and which ids wait for one. */
      const due = [0, 0, 0, 0];
      const waiting = new Set<number>();
      const answered = (id: number): Json[] => rig.answers.filter((answer) => answer.id === id);
      const settle = (): void => {
        for (const id of waiting) if (answered(id).length === due[id]! + 1) waiting.delete(id), due[id]!++;
      };
      for (const said of steps) {
        if (said.kind === "list") {
          rig.say({ id: said.id, method: "tools/list" });
          if (waiting.has(said.id)) due[said.id]!++;
          else waiting.add(said.id);
        } else if (said.kind === "cancel") {
          rig.say({ method: "notifications/cancelled", params: { requestId: said.id } });
          waiting.delete(said.id);
        } else pump.answer(said.which, pages, said.fails === 0);
        settle();
        for (const [id, count] of due.entries()) expect(answered(id).length).toBe(count);
      }
      for (let rest = 0; rest < 100; rest++) pump.answer(0, pages, false), settle();
      expect(waiting.size).toBe(0);
      expect(pump.inFlight.size).toBe(0);
      for (const { id, result } of rig.answers) {
        expect(id).toBeNumber();
        if (result === undefined) continue;
        const read = result.nextCursor === undefined ? pages : Number(result.nextCursor);
        expect(result.tools).toEqual(Array.from({ length: read }, (_, page) => page));
      }
    }),
    { numRuns: runs(500, 20_000) },
  );
});
