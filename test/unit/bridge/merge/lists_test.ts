import { describe, expect, test } from "bun:test";
import { BridgeError } from "../../../../src/platform/errors.ts";
import { agreed, FakeServer, MergeRig, toolServer } from "../../../harness/merge_rig.ts";
import type { Json } from "../../../harness/fake_mcp.ts";

const LIST = { id: 1, method: "tools/list" };
const CHANGED = "notifications/tools/list_changed";

function names(answer: Json): string[] {
  return answer.result.tools.map(({ name }: Json) => name);
}

describe("a merged list", () => {
  test("holds what all servers have, in their order, and no cursor", async () => {
    const rig = new MergeRig(toolServer("b", ["x", "y"]), toolServer("a", ["x"]));
    await rig.handshake();
    const answer = await rig.ask(LIST);
    expect(answer.result).toEqual({ tools: [{ name: "b__x" }, { name: "b__y" }, { name: "a__x" }] });
  });

  test("has all pages of each server", async () => {
    const pages = toolServer("a", [], ({ method, params }) => {
      if (method !== "tools/list") return undefined;
      return params?.cursor === "2"
        ? { result: { tools: [{ name: "y" }] } }
        : { result: { tools: [{ name: "x" }], nextCursor: "2" } };
    });
    const rig = new MergeRig(pages, toolServer("b", ["z"]));
    await rig.handshake();
    expect(names(await rig.ask(LIST))).toEqual(["a__x", "a__y", "b__z"]);
  });

  test("leaves every other byte of an element as it was", async () => {
    const server = toolServer("a", [], ({ id, method }, server) => {
      if (method !== "tools/list") return undefined;
      const element = '{ "title":"T\\u0041", "name" : "x","n":12345678901234567890, "n":1.0 }';
      server.say(`{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":{"tools":[${element}]}}`);
      return undefined;
    });
    const rig = new MergeRig(server);
    await rig.handshake();
    await rig.say(LIST);
    expect(rig.texts.at(-1)).toBe(
      '{"jsonrpc":"2.0","id":1,"result":{"tools":[' +
        '{ "title":"T\\u0041", "name" : "a__x","n":12345678901234567890, "n":1.0 }]}}',
    );
  });

  test("has prompts by names, resources by URIs and templates by templates", async () => {
    const rig = new MergeRig(
      new FakeServer("a", ({ method }) => {
        if (method === "initialize") return agreed({ prompts: {}, resources: {} });
        if (method === "prompts/list") return { result: { prompts: [{ name: "p", title: "P" }] } };
        if (method === "resources/list") return { result: { resources: [{ uri: "a:b", name: "r" }] } };
        return { result: { resourceTemplates: [{ uriTemplate: "a:{b}", name: "t" }] } };
      }),
    );
    await rig.handshake();
    expect((await rig.ask({ id: 1, method: "prompts/list" })).result.prompts).toEqual([{ name: "a__p", title: "P" }]);
    expect((await rig.ask({ id: 2, method: "resources/list" })).result.resources).toEqual([
      { uri: "mcp-bridge://a/a%3Ab", name: "r" },
    ]);
    expect((await rig.ask({ id: 3, method: "resources/templates/list" })).result.resourceTemplates).toEqual([
      { uriTemplate: "mcp-bridge://a/a%3A{b}", name: "t" },
    ]);
    expect(await rig.ask({ id: 4, method: "tools/list" })).toMatchObject({ result: { tools: [] } });
    expect(rig.servers[0]!.all("tools/list")).toEqual([]);
  });

  test("drops what has no name, and a name that stands there twice", async () => {
    const server = toolServer("a", [], ({ method }) => {
      return method === "tools/list"
        ? { result: { tools: [7, {}, { name: 1 }, { name: "x" }, { name: "x" }] } }
        : undefined;
    });
    const rig = new MergeRig(server);
    await rig.handshake();
    expect(names(await rig.ask(LIST))).toEqual(["a__x"]);
  });

  test("refuses a cursor, since none is handed out", async () => {
    const rig = new MergeRig(toolServer("a", ["x"]));
    await rig.handshake();
    expect(await rig.ask({ ...LIST, params: { cursor: "2" } })).toMatchObject({ error: { code: -32602 } });
    expect(await rig.ask({ ...LIST, id: 2, params: { cursor: null } })).toMatchObject({ result: {} });
  });
});

describe("a server that is slow or dead", () => {
  test("is left out of a list after 4.5 s and named, and the client hears of its answer when that comes", async () => {
    const slow = toolServer("slow", ["x"]);
    const rig = new MergeRig(toolServer("a", ["x"]), slow);
    await rig.handshake();
    const { serve } = slow;
    slow.serve = (request, server) => request.method === "tools/list" ? undefined : serve(request, server);
    await rig.say(LIST);
    await rig.clock.pass(4_400);
    expect(rig.answersTo(1)).toEqual([]);
    await rig.clock.pass(200);
    expect(names(rig.answersTo(1)[0]!)).toEqual(["a__x"]);
    expect(rig.warnings).toEqual(["slow is left out: no answer within 4.5 s"]);
    slow.answer(slow.last("tools/list"), { result: { tools: [{ name: "x" }] } });
    await rig.clock.pass(0);
    expect(rig.answersTo(1)).toHaveLength(1);
    expect(rig.told(CHANGED)).toHaveLength(1);
  });

  test("that is always slow is read one question behind, and does not make the client ask for ever", async () => {
    const slow = toolServer("slow", ["x"]);
    const rig = new MergeRig(toolServer("a", ["x"]), slow);
    await rig.handshake();
    const { serve } = slow;
    slow.serve = (request, server) => request.method === "tools/list" ? undefined : serve(request, server);
    for (const id of [1, 2]) {
      await rig.say({ ...LIST, id });
      await rig.clock.pass(5_100);
      slow.answer(slow.last("tools/list"), { result: { tools: [{ name: "x" }] } });
      await rig.clock.pass(0);
    }
    expect(names(rig.answersTo(2)[0]!)).toEqual(["a__x", "slow__x"]);
    expect(rig.told(CHANGED)).toHaveLength(1);
    expect(rig.warnings).toHaveLength(1);
  });

  test("costs the client one wait: what is asked already is not asked again", async () => {
    const [slow, absent] = [toolServer("slow", ["x"]), new FakeServer("absent")];
    const rig = new MergeRig(toolServer("a", ["x"]), slow, absent);
    await rig.handshake();
    const { serve } = slow;
    slow.serve = () => undefined;
    await rig.say(LIST);
    await rig.clock.pass(4_500);
    for (const id of [2, 3]) expect(names(await rig.ask({ ...LIST, id }))).toEqual(["a__x"]);
    expect(slow.all("tools/list")).toHaveLength(1);
    slow.serve = serve;
    slow.answer(slow.last("tools/list"), { error: { code: 1010, message: "no" } });
    absent.serve = toolServer("absent", ["x"]).serve;
    absent.answer(absent.last("initialize"), agreed({ tools: {} }));
    expect(names(await rig.ask({ ...LIST, id: 4 }))).toEqual(["a__x", "slow__x", "absent__x"]);
  });

  test("is asked again by the next list, and the client hears of it", async () => {
    const dead = new FakeServer("dead", ({ method }) => {
      return method === "initialize" ? new BridgeError("unreachable", "nobody is there") : undefined;
    });
    const rig = new MergeRig(toolServer("a", ["x"]), dead);
    await rig.handshake();
    expect(names(await rig.ask(LIST))).toEqual(["a__x"]);
    expect(rig.warnings).toEqual(["dead is left out: nobody is there"]);
    expect(dead.all("initialize")).toHaveLength(1);
    await rig.clock.pass(1_000);
    dead.serve = toolServer("dead", ["y"]).serve;
    expect(names(await rig.ask({ ...LIST, id: 2 }))).toEqual(["a__x", "dead__y"]);
    const [first, second] = dead.all("initialize");
    expect(second!.id).not.toBe(first!.id);
    expect(second!.params).toEqual(first!.params);
    expect(dead.all("notifications/initialized")).toHaveLength(1);
  });

  test("is dialled ever more seldom", async () => {
    const dead = new FakeServer("dead", () => ({ error: { code: 1010, message: "no" } }));
    const rig = new MergeRig(toolServer("a", ["x"]), dead);
    await rig.handshake();
    for (let id = 1; id <= 60; id++) {
      await rig.ask({ ...LIST, id });
      await rig.clock.pass(1_000);
    }
    // After 0, 1, 3, 7, 15, 31 s.
    expect(dead.all("initialize")).toHaveLength(6);
    expect(rig.warnings).toHaveLength(1);
  });

  test("that arrives after a list was read without it is news, once for all of a turn", async () => {
    const late = ["b", "c"].map((slug) => toolServer(slug, ["x"]));
    const rig = new MergeRig(toolServer("a", ["x"]), ...late);
    const serves = late.map(({ serve }) => serve);
    for (const server of late) server.serve = () => undefined;
    await rig.handshake();
    await rig.say(LIST);
    await rig.clock.pass(5_000);
    expect(names(rig.answersTo(1)[0]!)).toEqual(["a__x"]);
    for (const [place, server] of late.entries()) {
      server.serve = serves[place]!;
      server.answer(server.last("initialize"), agreed({ tools: {} }));
    }
    await rig.clock.pass(0);
    expect(rig.told(CHANGED)).toHaveLength(1);
    expect(rig.received.filter(({ method }) => method !== undefined)).toHaveLength(1);
  });

  test("that promises a list which it does not know has none, and nobody is warned", async () => {
    const rig = new MergeRig(
      toolServer("a", ["x"]),
      toolServer("b", [], ({ method }) => {
        return method === "tools/list" ? { error: { code: -32601, message: "Method not found" } } : undefined;
      }),
    );
    await rig.handshake();
    expect(names(await rig.ask(LIST))).toEqual(["a__x"]);
    expect(rig.warnings).toEqual([]);
  });
});

describe("where no server answers", () => {
  test("the error names each with its cause, and what a server says is quoted", async () => {
    const rig = new MergeRig(
      new FakeServer("a", () => (new BridgeError("unreachable", "nobody is there"))),
      new FakeServer("b", () => ({ error: { code: -32000, message: "gone\nmad" } })),
      new FakeServer("c"),
    );
    await rig.handshake();
    await rig.say(LIST);
    await rig.clock.pass(5_000);
    expect(rig.answersTo(1)).toMatchObject([{
      error: {
        message: 'mcp-bridge: none of the servers answers: a: nobody is there; b: "gone\\nmad"; ' +
          "c: no answer within 4.5 s; try again in a moment",
        data: { code: "no_answer", server: "mcp-bridge" },
      },
    }]);
  });

  test("an answer that holds no list counts as none", async () => {
    const rig = new MergeRig(toolServer("a", [], ({ method }) => {
      return method === "tools/list" ? { result: { tools: "none" } } : undefined;
    }));
    await rig.handshake();
    expect(await rig.ask(LIST)).toMatchObject({ error: { data: { code: "no_answer" } } });
  });
});
