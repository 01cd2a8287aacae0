import { describe, expect, test } from "bun:test";
import { ClientSide, type ClientSideSettings } from "../../../src/app/client_side.ts";
import { Budget } from "../../../src/platform/budget.ts";
import type { Message } from "../../../src/transport/message.ts";
import { FakeClock } from "../../harness/fake_clock.ts";
import type { Json } from "../../harness/fake_mcp.ts";
import { toJson, toMessage } from "../../harness/stage_rig.ts";

const AUTO: ClientSideSettings = { ignoredTools: [], cures: new Set(["auto"]) };
const LIST = { id: 2, method: "tools/list" };
const INITIALIZE = (name: unknown): Json => ({ id: 1, method: "initialize", params: { clientInfo: { name } } });

/** A client and a pump that only note down what comes to them. */
class Rig {
  readonly atPump: Message[] = [];
  readonly atClient: Message[] = [];
  readonly side: ClientSide;

  constructor(settings: ClientSideSettings) {
    this.side = new ClientSide({
      local: { send: (message) => void this.atClient.push(message), close: () => Promise.resolve() },
      pump: { fromClient: (message) => void this.atPump.push(message) },
      settings,
      server: "mcp.example.com",
      clock: new FakeClock(),
      budget: new Budget(1_048_576),
      notify: () => {},
      total: 0,
    });
  }

  say(...messages: Json[]): void {
    for (const message of messages) this.side.fromClient(toMessage(message));
  }

  /** Answers the request that came to the pump last. */
  answer(result: Json): void {
    this.side.send(toMessage({ id: toJson(this.atPump.at(-1)!).id, result }));
  }

  /** Whether the first page of a list is followed by the question for the second. */
  mergesLists(): boolean {
    this.say(LIST);
    this.answer({ tools: [], nextCursor: "more" });
    return toJson(this.atPump.at(-1)!).params?.cursor === "more";
  }
}

describe("the client's side", () => {
  test.each<[string, Json[]]>([
    ["a client that is not known", [INITIALIZE("by-hand")]],
    ["a client without a name", [{ id: 1, method: "initialize", params: {} }]],
    ["a client whose name is none", [INITIALIZE(7)]],
    ["a client that begins with another request", [{ id: 1, method: "ping" }, INITIALIZE("claude-ai")]],
  ])("puts nothing between %s and the pump: the very messages pass", (_who, first) => {
    const rig = new Rig(AUTO);
    rig.say(...first);
    const [request, answer] = [toMessage(LIST), toMessage({ id: 2, result: { tools: [], nextCursor: "more" } })];
    rig.side.fromClient(request);
    rig.side.send(answer);
    expect(rig.atPump.at(-1)).toBe(request);
    expect(rig.atClient).toEqual([answer]);
  });

  test("puts there what a known client needs, of either era, and whatever it says before its first request", () => {
    const _meta = { "io.modelcontextprotocol/clientInfo": { name: "claude-ai", version: "1" } };
    for (
      const first of [[INITIALIZE("claude-ai")], [{ id: 1, method: "server/discover", params: { _meta } }], [
        { method: "notifications/cancelled", params: { requestId: 9 } },
        INITIALIZE("claude-ai"),
      ]]
    ) {
      const rig = new Rig(AUTO);
      rig.say(...first);
      expect(rig.mergesLists()).toBe(true);
    }
  });

  test("takes tools out of every page, and cures the whole text", () => {
    const rig = new Rig({ ignoredTools: ["bad"], cures: new Set(["merge-lists", "line-separators"]) });
    rig.say(INITIALIZE("by-hand"), LIST);
    rig.answer({ tools: [{ name: "good" }, { name: "bad" }], nextCursor: "more" });
    rig.answer({ tools: [{ name: "bad" }, { name: "fine", title: "a\u2028b" }] });
    expect(rig.atClient).toHaveLength(1);
    expect(new TextDecoder().decode(rig.atClient[0]!.bytes)).toContain("a\\u2028b");
    expect(toJson(rig.atClient[0]!)).toMatchObject({ id: 2, result: { tools: [{ name: "good" }, { name: "fine" }] } });
  });

  test("leaves known clients alone where no cure is wanted", () => {
    const rig = new Rig({ ignoredTools: [], cures: new Set() });
    rig.say(INITIALIZE("claude-ai"));
    expect(rig.mergesLists()).toBe(false);
  });
});
