import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { runs } from "../../harness/counts.ts";
import { AGREED, CrowdClient, CrowdRig } from "../../harness/crowd_rig.ts";
import { settle } from "../../harness/fake_clock.ts";
import type { Json } from "../../harness/fake_mcp.ts";
import { toMessage } from "../../harness/stage_rig.ts";

const CALL = { method: "tools/call", params: { name: "x" } };
const SUBSCRIPTION = "io.modelcontextprotocol/subscriptionId";

describe("the handshake", () => {
  test("of the first is the server's, and all others get what came of it, under their own ids", () => {
    const rig = new CrowdRig();
    const [one, other, third] = ["one", "other", "third"].map((name) => new CrowdClient(name)) as [
      CrowdClient,
      CrowdClient,
      CrowdClient,
    ];
    const initialize = { method: "initialize", params: { protocolVersion: "2025-11-25", capabilities: {} } };
    rig.say(one, { id: 1, ...initialize });
    rig.say(other, { id: "b", ...initialize });
    expect(rig.all("initialize")).toHaveLength(1);
    expect(one.received).toEqual([]);
    rig.hear({ id: rig.last("initialize").id, result: AGREED });
    rig.say(third, { id: 1, ...initialize });
    expect(rig.all("initialize")).toHaveLength(1);
    expect(one.received).toEqual([{ jsonrpc: "2.0", id: 1, result: AGREED }]);
    expect(other.received).toEqual([{ jsonrpc: "2.0", id: "b", result: AGREED }]);
    expect(third.received).toEqual([{ jsonrpc: "2.0", id: 1, result: AGREED }]);
  });

  test("is confirmed to the server once", () => {
    const rig = new CrowdRig();
    for (const name of ["one", "other"]) rig.member(name);
    expect(rig.all("notifications/initialized")).toHaveLength(1);
  });

  test("that is refused is refused to all who wait, and the next one is made anew", () => {
    const rig = new CrowdRig();
    const [one, other] = [new CrowdClient("one"), new CrowdClient("other")];
    rig.say(one, { id: 1, method: "initialize", params: {} });
    rig.say(other, { id: 2, method: "initialize", params: {} });
    rig.hear({ id: rig.last("initialize").id, error: { code: 1, message: "no" } });
    expect(one.answersTo(1)).toMatchObject([{ error: { code: 1 } }]);
    expect(other.answersTo(2)).toMatchObject([{ error: { code: 1 } }]);
    rig.say(one, { id: 3, method: "initialize", params: {} });
    expect(rig.all("initialize")).toHaveLength(2);
  });

  test("that was answered in the server's place is asked for again by the next, until the server has said it", () => {
    const rig = new CrowdRig();
    const [one, two, three] = ["one", "two", "three"].map((name) => new CrowdClient(name)) as [
      CrowdClient,
      CrowdClient,
      CrowdClient,
    ];
    const asOf = (name: string): Json => ({ method: "initialize", params: { clientInfo: { name } } });
    rig.say(one, { id: 1, ...asOf("one") });
    const standIn = toMessage({ id: rig.last("initialize").id, result: { capabilities: {} } });
    standIn.standsInFor = "late";
    void rig.crowd.send(standIn);
    rig.say(one, { method: "notifications/initialized" });
    rig.say(two, { id: 2, ...asOf("two") });
    expect(rig.all("initialize").map(({ params }) => params)).toEqual([asOf("one").params, asOf("one").params]);
    rig.hear({ id: rig.last("initialize").id, result: AGREED });
    rig.say(three, { id: 3, ...asOf("three") });
    const answers = [one.answersTo(1), two.answersTo(2), three.answersTo(3)];
    expect(answers).toMatchObject([[{ result: { capabilities: {} } }], [{ result: AGREED }], [{ result: AGREED }]]);
    rig.say(two, { method: "notifications/initialized" });
    expect([rig.all("initialize").length, rig.all("notifications/initialized").length]).toEqual([2, 1]);
  });

  test("of a client that leaves meanwhile goes on for the others", () => {
    const rig = new CrowdRig();
    const [one, other] = [new CrowdClient("one"), new CrowdClient("other")];
    rig.say(one, { id: 1, method: "initialize", params: {} });
    rig.crowd.leave(one);
    rig.say(other, { id: 1, method: "initialize", params: {} });
    rig.hear({ id: rig.last("initialize").id, result: AGREED });
    expect(one.received).toEqual([]);
    expect(other.answersTo(1)).toHaveLength(1);
    expect(rig.all("initialize")).toHaveLength(1);
  });

  test.each(["null", "[]", "7", '"text"'])("with capabilities that are no object, %s, offers nothing", (raw) => {
    const rig = new CrowdRig();
    const one = new CrowdClient("one");
    rig.say(one, `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"capabilities":${raw}}}`);
    rig.hear({ id: rig.last("initialize").id, result: AGREED });
    rig.hear({ id: 5, method: "sampling/createMessage" });
    expect(one.heard("sampling/createMessage")).toEqual([]);
    expect(rig.sent.at(-1)).toMatchObject({ id: 5, error: { code: -32601 } });
  });
});

describe("requests", () => {
  test("of equal ids go out under ids of ours, and each answer comes back under the client's, as it was written", () => {
    const rig = new CrowdRig();
    const [one, other] = [rig.member("one"), rig.member("other")];
    rig.say(one, { id: 7, ...CALL });
    rig.say(other, { id: "7", ...CALL });
    rig.say(other, '{"jsonrpc":"2.0","id":9007199254740993,"method":"tools/list"}');
    const [first, second] = rig.all("tools/call") as [Json, Json];
    expect(new Set([first.id, second.id, rig.last("tools/list").id]).size).toBe(3);
    rig.hear({ id: second.id, result: { to: "other" } });
    rig.hear({ id: first.id, result: { to: "one" } });
    expect(one.answersTo(7)).toMatchObject([{ result: { to: "one" } }]);
    expect(other.answersTo("7")).toMatchObject([{ result: { to: "other" } }]);
    expect(one.received).toHaveLength(2);
    expect(other.received).toHaveLength(2);
  });

  test("keep ids and texts that JSON.parse would change", () => {
    const rig = new CrowdRig();
    const texts: string[] = [];
    const end = { send: (message: { bytes: Uint8Array }) => void texts.push(new TextDecoder().decode(message.bytes)) };
    rig.say(
      Object.assign(end, { close: () => Promise.resolve() }) as unknown as CrowdClient,
      '{"jsonrpc":"2.0","id":9007199254740993,"method":"tools/list"}',
    );
    rig.hear(`{"jsonrpc":"2.0","id":${rig.sent[0]!.id},"result":{"n":1.0,"big":12345678901234567890}}`);
    expect(texts).toEqual([
      '{"jsonrpc":"2.0","id":9007199254740993,"result":{"n":1.0,"big":12345678901234567890}}',
    ]);
  });

  test("under an id that is in flight are refused, and the first gets its answer", () => {
    const rig = new CrowdRig();
    const one = rig.member("one");
    rig.say(one, { id: 1, ...CALL });
    rig.say(one, { id: 1, ...CALL });
    expect(rig.all("tools/call")).toHaveLength(1);
    expect(one.answersTo(1)).toMatchObject([{ error: { code: -32600 } }]);
    rig.hear({ id: rig.last("tools/call").id, result: {} });
    expect(one.answersTo(1)).toHaveLength(2);
  });

  test("get one answer, however often the server gives one", () => {
    const rig = new CrowdRig();
    const one = rig.member("one");
    rig.say(one, { id: 1, ...CALL });
    const { id } = rig.last("tools/call");
    for (const n of [1, 2, 3]) rig.hear({ id, result: { n } });
    rig.hear({ id: 4711, result: {} });
    expect(one.answersTo(1)).toMatchObject([{ result: { n: 1 } }]);
    expect(one.received).toHaveLength(2);
  });

  test("that their client cancels are cancelled under our id, and a cancel of another client's id does nothing", () => {
    const rig = new CrowdRig();
    const [one, other] = [rig.member("one"), rig.member("other")];
    rig.say(one, { id: 1, ...CALL });
    const { id } = rig.last("tools/call");
    rig.say(other, { method: "notifications/cancelled", params: { requestId: 1 } });
    expect(rig.all("notifications/cancelled")).toEqual([]);
    rig.say(one, { method: "notifications/cancelled", params: { requestId: 1, reason: "enough" } });
    expect(rig.last("notifications/cancelled").params).toEqual({ requestId: id, reason: "enough" });
    rig.hear({ id, result: {} });
    expect(one.answersTo(1)).toEqual([]);
    rig.say(one, { id: 1, ...CALL });
    expect(rig.all("tools/call")).toHaveLength(2);
  });
});

describe("what belongs to a request", () => {
  test("goes to its client alone, and progress under the client's own token", () => {
    const rig = new CrowdRig();
    const [one, other] = [rig.member("one"), rig.member("other")];
    for (const client of [one, other]) {
      rig.say(client, { id: 1, method: "tools/call", params: { name: "x", _meta: { progressToken: "p", more: 1 } } });
    }
    const [first, second] = rig.all("tools/call") as [Json, Json];
    expect(first.params._meta).toEqual({ progressToken: first.id, more: 1 });
    rig.hear({ method: "notifications/progress", params: { progressToken: second.id, progress: 1 } });
    rig.hear({ method: "notifications/message", params: { level: "info" } }, first.id);
    expect(other.heard("notifications/progress")).toMatchObject([{ params: { progressToken: "p", progress: 1 } }]);
    expect(one.heard("notifications/progress")).toEqual([]);
    expect(one.heard("notifications/message")).toHaveLength(1);
    expect(other.heard("notifications/message")).toEqual([]);
    expect(one.causes.at(-1)).toBe("1");
  });

  test("progress goes where its token says, though it comes on another client's stream", () => {
    const rig = new CrowdRig();
    const [one, other] = [rig.member("one"), rig.member("other")];
    for (const client of [one, other]) {
      rig.say(client, { id: 1, method: "tools/call", params: { _meta: { progressToken: client.name } } });
    }
    const [first, second] = rig.all("tools/call") as [Json, Json];
    rig.hear({ method: "notifications/progress", params: { progressToken: second.id, progress: 1 } }, first.id);
    expect(one.heard("notifications/progress")).toEqual([]);
    expect(other.heard("notifications/progress")).toMatchObject([{ params: { progressToken: "other" } }]);
  });

  test("and comes when it is over is nobody's", () => {
    const rig = new CrowdRig();
    const [one, other] = [rig.member("one"), rig.member("other")];
    rig.say(one, { id: 1, method: "tools/call", params: { _meta: { progressToken: 1 } } });
    rig.say(other, { id: 1, method: "tools/call", params: { _meta: { progressToken: 1 } } });
    const [first, second] = rig.all("tools/call") as [Json, Json];
    rig.hear({ id: first.id, result: {} });
    for (const causedBy of [undefined, first.id, second.id]) {
      rig.hear({ method: "notifications/progress", params: { progressToken: first.id, progress: 1 } }, causedBy);
    }
    expect([...one.heard("notifications/progress"), ...other.heard("notifications/progress")]).toEqual([]);
  });

  test("ends a subscription for the client that has it, under the id that it gave", () => {
    const rig = new CrowdRig();
    const [one, two] = [new CrowdClient("one"), new CrowdClient("two")];
    rig.say(one, { id: "mine", method: "subscriptions/listen", params: {} });
    rig.say(two, { id: "mine", method: "tools/call", params: {} });
    const [listen, call] = [rig.last("subscriptions/listen"), rig.last("tools/call")];
    void rig.hear({ method: "notifications/cancelled", params: { requestId: listen.id } });
    void rig.hear({ method: "notifications/cancelled", params: { requestId: call.id } });
    expect(one.heard("notifications/cancelled").map(({ params }) => params)).toEqual([{ requestId: "mine" }]);
    expect(two.received).toEqual([]);
    rig.say(one, { id: "mine", method: "tools/list", params: {} });
    expect(one.answersTo("mine")).toEqual([]);
  });

  test("is a log of nobody's request in particular goes to the only client that has asked for one", () => {
    const rig = new CrowdRig();
    const [one, two, three] = [new CrowdClient("one"), new CrowdClient("two"), new CrowdClient("three")];
    const _meta = { "io.modelcontextprotocol/logLevel": "info" };
    const log = { method: "notifications/message", params: { level: "info", data: "x" } };
    rig.say(one, { id: 1, method: "tools/call", params: {} });
    void rig.hear(log);
    rig.say(two, { id: 1, method: "tools/call", params: { _meta } });
    void rig.hear(log);
    rig.say(three, { id: 1, method: "tools/call", params: { _meta } });
    void rig.hear(log);
    const heard = [one, two, three].map((client) => client.heard("notifications/message").length);
    expect(heard).toEqual([0, 1, 0]);
    expect(two.causes).toEqual(["1"]);
  });

  test("of a subscription has the id that its client gave it, and so has the answer that ends it", () => {
    const rig = new CrowdRig();
    const [one, other] = [new CrowdClient("one"), new CrowdClient("other")];
    for (const client of [one, other]) {
      rig.say(client, { id: `listen ${client.name}`, method: "subscriptions/listen", params: { notifications: {} } });
    }
    const [first, second] = rig.all("subscriptions/listen") as [Json, Json];
    rig.hear({ method: "notifications/tools/list_changed", params: { _meta: { [SUBSCRIPTION]: second.id } } });
    rig.hear({ id: first.id, result: { _meta: { [SUBSCRIPTION]: first.id, other: first.id } } }, first.id);
    expect(other.received).toMatchObject([{ params: { _meta: { [SUBSCRIPTION]: "listen other" } } }]);
    expect(one.received).toEqual([{
      jsonrpc: "2.0",
      id: "listen one",
      result: { _meta: { [SUBSCRIPTION]: "listen one", other: first.id } },
    }]);
  });
});

describe("what belongs to no request", () => {
  test("goes to all who did the handshake, and to no client without one", () => {
    const rig = new CrowdRig();
    const [one, other, bare] = [rig.member("one"), rig.member("other"), new CrowdClient("bare")];
    rig.say(bare, { id: 1, ...CALL });
    rig.hear({ method: "notifications/tools/list_changed" });
    for (const client of [one, other]) expect(client.heard("notifications/tools/list_changed")).toHaveLength(1);
    expect(bare.received).toEqual([]);
  });

  test("is not waited for where one of many is behind, which would hold up the others", () => {
    const rig = new CrowdRig();
    const [one, other] = [rig.member("one"), rig.member("other")];
    one.wait = new Promise(() => {});
    rig.say(one, { id: 1, ...CALL });
    const { id } = rig.last("tools/call");
    expect(rig.hear({ method: "notifications/tools/list_changed" })).toBeUndefined();
    expect(rig.hear({ method: "notifications/message", params: {} }, id)).toBe(one.wait);
    expect(rig.hear({ id, result: {} })).toBeUndefined();
    rig.crowd.leave(other);
    const waits = rig.hear({ method: "notifications/tools/list_changed" });
    expect(waits).toBeInstanceOf(Promise);
  });

  test("and an answer is not waited for either where it comes on a stream for all", () => {
    const rig = new CrowdRig();
    rig.hasOneStream = true;
    const [one] = [rig.member("one"), rig.member("other")];
    one.wait = new Promise(() => {});
    rig.say(one, { id: 1, ...CALL });
    const { id } = rig.last("tools/call");
    expect(rig.hear({ id, result: {} }, id)).toBeUndefined();
    expect(one.answersTo(1)).toHaveLength(1);
  });

  test("is waited for while there is one client alone, until it has read it or another one comes", async () => {
    const rig = new CrowdRig();
    const one = rig.member("one");
    const ended: string[] = [];
    const news = (name: string): void =>
      void rig.hear({ method: "notifications/tools/list_changed" })!.then(() => ended.push(name));
    const read = Promise.withResolvers<void>();
    one.wait = read.promise;
    news("first");
    one.wait = new Promise(() => {});
    news("second");
    await settle();
    expect(ended).toEqual([]);
    read.resolve();
    await settle();
    expect(ended).toEqual(["first"]);
    rig.member("other");
    await settle();
    expect(ended).toEqual(["first", "second"]);
  });

  test("news of a resource goes to those who follow it, and it is given up when the last one does not", () => {
    const rig = new CrowdRig();
    const [one, other, third] = [rig.member("one"), rig.member("other"), rig.member("third")];
    for (const client of [one, other]) rig.say(client, { id: 1, method: "resources/subscribe", params: { uri: "a" } });
    rig.say(third, { id: 1, method: "resources/subscribe", params: { uri: "b" } });
    rig.hear({ method: "notifications/resources/updated", params: { uri: "a" } });
    expect([one, other, third].map((client) => client.heard("notifications/resources/updated").length)).toEqual([
      1,
      1,
      0,
    ]);
    rig.say(one, { id: 2, method: "resources/unsubscribe", params: { uri: "a" } });
    expect(one.answersTo(2)).toMatchObject([{ result: {} }]);
    expect(rig.all("resources/unsubscribe")).toEqual([]);
    rig.say(other, { id: 2, method: "resources/unsubscribe", params: { uri: "a" } });
    expect(rig.all("resources/unsubscribe")).toMatchObject([{ params: { uri: "a" } }]);
    rig.crowd.leave(third);
    expect(rig.all("resources/unsubscribe")).toMatchObject([{ params: { uri: "a" } }, { params: { uri: "b" } }]);
    rig.hear({ id: rig.last("resources/unsubscribe").id, result: {} });
    expect(third.received.at(-1)).not.toMatchObject({ result: {}, id: rig.last("resources/unsubscribe").id });
  });
});

describe("a question of the server", () => {
  const QUESTION = { id: 1, method: "sampling/createMessage", params: {} };

  test("goes to the client whose request made it ask, and the answer back; another client's answer goes nowhere", () => {
    const rig = new CrowdRig();
    const [one, other] = [rig.member("one", { sampling: {} }), rig.member("other", { sampling: {} })];
    rig.say(one, { id: 1, ...CALL });
    rig.say(other, { id: 1, ...CALL });
    rig.hear(QUESTION, rig.all("tools/call")[0]!.id);
    expect(one.heard(QUESTION.method)).toMatchObject([QUESTION]);
    expect(one.causes.at(-1)).toBe("1");
    expect(other.heard(QUESTION.method)).toEqual([]);
    rig.say(other, { id: 1, result: { from: "other" } });
    rig.say(one, { id: 1, result: { from: "one" } });
    rig.say(one, { id: 1, result: { from: "one again" } });
    expect(rig.sent.filter(({ result }) => result !== undefined)).toMatchObject([{ id: 1, result: { from: "one" } }]);
  });

  test("is forgotten where a thousand others have come since, or where its id is enormous", () => {
    const rig = new CrowdRig();
    const one = rig.member("one", { roots: {} });
    const huge = "x".repeat(2_000);
    rig.hear({ id: huge, method: "roots/list" });
    for (let id = 0; id <= 1_000; id++) rig.hear({ id, method: "roots/list" });
    for (const id of [huge, 0, 1, 1_000]) rig.say(one, { id, result: {} });
    expect(rig.sent.filter(({ result }) => result !== undefined).map(({ id }) => id)).toEqual([1, 1_000]);
  });

  test("of no request goes to the only client that has called, and without any to one that offers it", () => {
    const rig = new CrowdRig();
    const able = { sampling: {}, roots: {} };
    const [one, other] = [rig.member("one", able), rig.member("other", able)];
    rig.hear({ id: 1, method: "roots/list" });
    expect(other.heard("roots/list")).toHaveLength(1);
    rig.say(one, { id: 1, ...CALL });
    rig.say(one, { id: 2, ...CALL });
    rig.say(other, { id: 1, method: "tools/list" });
    rig.hear({ id: 2, method: "roots/list" });
    rig.hear({ ...QUESTION, id: 3 });
    expect([one.heard("roots/list"), one.heard(QUESTION.method)]).toMatchObject([[{ id: 2 }], [{ id: 3 }]]);
    expect(other.heard(QUESTION.method)).toEqual([]);
  });

  test.each(["sampling/createMessage", "elicitation/create"])(
    "of no request, %s, is put to nobody where it may be about the calls of several, and roots are asked for all the same",
    (method) => {
      const rig = new CrowdRig();
      const able = { sampling: {}, elicitation: {}, roots: {} };
      const [one, other] = [rig.member("one", able), rig.member("other", able)];
      for (const client of [one, other]) rig.say(client, { id: 1, ...CALL });
      rig.hear({ id: 1, method });
      rig.hear({ id: 2, method: "roots/list" });
      expect([...one.heard(method), ...other.heard(method)]).toEqual([]);
      expect(rig.sent.at(-1)).toMatchObject({
        id: 1,
        error: { code: -32600, message: expect.stringContaining("several") },
      });
      expect(other.heard("roots/list")).toHaveLength(1);
    },
  );

  test.each([
    ["who does not offer it", { roots: {} }, QUESTION],
    ["that speaks without a handshake", undefined, QUESTION],
    ["without a handshake, a ping", undefined, { id: 1, method: "ping" }],
  ])("for a client %s is answered in its place", (_who, capabilities, question) => {
    const rig = new CrowdRig();
    rig.member("able", { sampling: {} });
    const one = capabilities === undefined ? new CrowdClient("bare") : rig.member("one", capabilities);
    rig.say(one, { id: 9, ...CALL });
    rig.hear(question, rig.last("tools/call").id);
    expect(one.heard(question.method)).toEqual([]);
    expect(rig.sent.at(-1)).toMatchObject({ id: 1, error: { code: -32601 } });
  });

  test.each(['"a \\"quoted\\" \\\\ id"', "1.0", "9007199254740993", '"\\u00e9"'])(
    "under the id %s is answered under that id when its client leaves",
    (id) => {
      const rig = new CrowdRig();
      const one = rig.member("one", { sampling: {} });
      rig.hear(`{"jsonrpc":"2.0","id":${id},"method":"sampling/createMessage"}`);
      expect(one.heard("sampling/createMessage")).toHaveLength(1);
      rig.crowd.leave(one);
      expect(rig.sent.at(-1)).toMatchObject({ id: JSON.parse(id), error: { data: { code: "closing" } } });
    },
  );

  test("that the server takes back is taken back from the client that has it, once", () => {
    const rig = new CrowdRig();
    const [one, other] = [rig.member("one", { sampling: {} }), rig.member("other", { sampling: {} })];
    rig.say(one, { id: 1, ...CALL });
    rig.hear(QUESTION, rig.last("tools/call").id);
    for (let n = 0; n < 2; n++) rig.hear({ method: "notifications/cancelled", params: { requestId: 1 } });
    expect(one.heard("notifications/cancelled")).toHaveLength(1);
    expect(other.heard("notifications/cancelled")).toEqual([]);
    rig.say(one, { id: 1, result: {} });
    expect(rig.sent.filter(({ result }) => result !== undefined)).toEqual([]);
  });
});

describe("a client that leaves", () => {
  test("has its requests given up and its questions answered, and hears nothing more", () => {
    const rig = new CrowdRig();
    const [one, other] = [rig.member("one", { sampling: {} }), rig.member("other")];
    rig.say(one, { id: 1, ...CALL });
    rig.say(other, { id: 1, ...CALL });
    const [first] = rig.all("tools/call") as [Json];
    rig.hear({ id: 3, method: "sampling/createMessage" }, first.id);
    const before = one.received.length;
    rig.crowd.leave(one);
    rig.crowd.leave(one);
    expect(rig.crowd.size).toBe(1);
    expect(rig.all("notifications/cancelled")).toMatchObject([{ params: { requestId: first.id } }]);
    expect(rig.sent.filter(({ error }) => error !== undefined)).toMatchObject([{ id: 3 }]);
    rig.hear({ id: first.id, result: {} });
    rig.hear({ method: "notifications/tools/list_changed" });
    expect(one.received).toHaveLength(before);
  });

  test("closing closes all", async () => {
    const rig = new CrowdRig();
    const clients = [rig.member("one"), rig.member("other")];
    await rig.crowd.close(100);
    expect(clients.map(({ closed }) => closed)).toEqual([1, 1]);
  });
});

/** A server and its clients, who know of each message whose it is. */
class Scene {
  readonly rig = new CrowdRig();
  readonly clients: CrowdClient[] = [];
  /** What was asked by whom, and what has become of it. */
  readonly calls: { client: CrowdClient; id: number; ours: number; state: "open" | "answered" | "given up" }[] = [];
  /** The questions of the server, and who was asked. */
  readonly questions: { id: number; asked: CrowdClient; answers: Json[]; withdrawn: boolean }[] = [];
  #names = 0;

  constructor(size: number) {
    for (let n = 0; n < size; n++) this.clients.push(this.#newcomer());
  }

  #newcomer(): CrowdClient {
    return this.rig.member(`client ${++this.#names}`, { sampling: {} });
  }

  request(client: CrowdClient, id: number): void {
    const open = this.calls.some((call) => call.client === client && call.id === id && call.state === "open");
    const refused = client.answersTo(id).length;
    this.rig.say(client, { id, method: "tools/call", params: { of: client.name, _meta: { progressToken: 1 } } });
    if (open) {
      expect(client.answersTo(id).slice(refused)).toMatchObject([{ error: { code: -32600 } }]);
      client.received.pop();
      return;
    }
    const { id: ours, params } = this.rig.last("tools/call");
    expect(params.of).toBe(client.name);
    expect(this.calls.map((call) => call.ours)).not.toContain(ours);
    this.calls.push({ client, id, ours, state: "open" });
  }

  cancel(client: CrowdClient, id: number): void {
    const call = this.calls.find((each) => each.client === client && each.id === id && each.state === "open");
    const before = this.rig.all("notifications/cancelled").length;
    this.rig.say(client, { method: "notifications/cancelled", params: { requestId: id } });
    const told = this.rig.all("notifications/cancelled").slice(before).map(({ params }) => params.requestId);
    expect(told).toEqual(call === undefined ? [] : [call.ours]);
    if (call !== undefined) call.state = "given up";
  }

  leave(place: number): void {
    const client = this.clients[place]!;
    this.rig.crowd.leave(client);
    for (const call of this.calls) if (call.client === client && call.state === "open") call.state = "given up";
    this.#collectAnswers();
    this.clients[place] = this.#newcomer();
  }

  /** The server answers, whatever has become of the request. */
  answer(place: number): void {
    const call = this.calls[place % (this.calls.length || 1)];
    if (call === undefined) return;
    this.rig.hear({ id: call.ours, result: { of: call.client.name } }, call.ours);
    if (call.state === "open") call.state = "answered";
  }

  tell(place: number, stream: number): void {
    const call = this.calls[place % (this.calls.length || 1)];
    if (call === undefined) return;
    const params = { of: call.client.name };
    const other = this.calls[stream % this.calls.length]!.ours;
    this.rig.hear({ method: "notifications/progress", params: { ...params, progressToken: call.ours } }, other);
    this.rig.hear({ method: "notifications/progress", params: { ...params, progressToken: call.ours } });
    if (call.state === "open") this.rig.hear({ method: "notifications/message", params }, call.ours);
  }

  ask(place: number, id: number): void {
    const call = this.calls.filter(({ state }) => state === "open").at(place % (this.calls.length || 1));
    if (call === undefined || this.questions.some((each) => each.id === id && each.answers.length === 0)) return;
    this.rig.hear({ id, method: "sampling/createMessage", params: { of: call.client.name } }, call.ours);
    expect(call.client.received.at(-1)).toMatchObject({ id, method: "sampling/createMessage" });
    this.questions.push({ id, asked: call.client, answers: [], withdrawn: false });
  }

  reply(client: CrowdClient, id: number): void {
    this.rig.say(client, { id, result: { from: client.name } });
    this.#collectAnswers();
  }

  follow(client: CrowdClient, uri: string, wants: boolean): void {
    this.rig.say(client, { id: 99, method: `resources/${wants ? "subscribe" : "unsubscribe"}`, params: { uri } });
    const sent = this.rig.sent.at(-1);
    if (sent?.method?.startsWith("resources/")) this.rig.hear({ id: sent.id, result: {} });
  }

  /** Everything comes to its end. */
  end(): void {
    for (const { asked, id, answers } of this.questions) if (answers.length === 0) this.reply(asked, id);
    for (let place = 0; place < this.calls.length; place++) this.answer(place);
    for (let place = 0; place < this.calls.length; place++) this.answer(place);
  }

  /** What came to the server as an answer since the last look. */
  #collectAnswers(): void {
    for (const answer of this.rig.sent.splice(0).filter(({ method }) => method === undefined)) {
      const question = this.questions.findLast(({ id }) => id === answer.id)!;
      question.answers.push(answer);
    }
  }
}

test(
  "no answer or notification ever reaches another client, and all that is asked is answered once",
  () => {
    const deed = fc.record({
      kind: fc.constantFrom(
        "request",
        "request",
        "request",
        "cancel",
        "leave",
        "answer",
        "answer",
        "tell",
        "ask",
        "reply",
        "follow",
        "unfollow",
        "news",
      ),
      who: fc.nat(3),
      which: fc.nat(11),
      id: fc.nat(2),
    });
    fc.assert(
      fc.property(fc.array(deed, { maxLength: 60 }), (deeds) => {
        const scene = new Scene(4);
        const everyone = new Set(scene.clients);
        for (const { kind, who, which, id } of deeds) {
          const client = scene.clients[who]!;
          if (kind === "request") scene.request(client, id);
          else if (kind === "cancel") scene.cancel(client, id);
          else if (kind === "leave") scene.leave(who);
          else if (kind === "answer") scene.answer(which);
          else if (kind === "tell") scene.tell(which, which + id);
          else if (kind === "ask") scene.ask(which, id);
          else if (kind === "reply") scene.reply(client, id);
          else if (kind === "follow") scene.follow(client, `u${id}`, true);
          else if (kind === "unfollow") scene.follow(client, `u${id}`, false);
          else scene.rig.hear({ method: "notifications/tools/list_changed" });
          for (const each of scene.clients) everyone.add(each);
        }
        scene.end();
        for (const client of everyone) {
          for (const { result, params } of client.received) {
            const of = result?.of ?? params?.of;
            if (of !== undefined) expect(of).toBe(client.name);
          }
        }
        for (const client of everyone) {
          for (const id of [0, 1, 2]) {
            const calls = scene.calls.filter((call) => call.client === client && call.id === id);
            const answered = calls.filter(({ state }) => state === "answered").length;
            expect(client.answersTo(id)).toHaveLength(answered);
          }
        }
        expect(scene.calls.filter(({ state }) => state === "open")).toEqual([]);
        for (const { asked, answers } of scene.questions) {
          expect(answers).toHaveLength(1);
          if (answers[0]!.result !== undefined) expect(answers[0]!.result.from).toBe(asked.name);
        }
      }),
      { numRuns: runs(400, 20_000) },
    );
  },
  600_000,
);
