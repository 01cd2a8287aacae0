import { describe, expect, test } from "bun:test";
import { type ClientSideSettings, stagesFor } from "../../../src/app/client_side.ts";
import { Budget } from "../../../src/platform/budget.ts";
import { FakeClock } from "../../harness/fake_clock.ts";
import type { Json } from "../../harness/fake_mcp.ts";
import { toMessage } from "../../harness/stage_rig.ts";

const INITIALIZE = (name: unknown): Json => ({ id: 1, method: "initialize", params: { clientInfo: { name } } });
const AUTO: ClientSideSettings = { ignoredTools: [], cures: new Set(["auto"]) };

/** The stages by name, and what was said of them. */
function namesOf(settings: ClientSideSettings, first: Json | undefined): string[] {
  const makers = stagesFor(settings, first && toMessage(first), {
    server: new URL("https://mcp.example.com/"),
    clock: new FakeClock(),
    budget: new Budget(1),
    notify: () => {},
    total: 0,
  });
  const client = { send: () => undefined, close: () => Promise.resolve() };
  return makers.map((make) => make({ client, onward: () => undefined }).constructor.name);
}

describe("stagesFor", () => {
  test.each<[string, Json | undefined]>([
    ["a client that is not known", INITIALIZE("by-hand")],
    ["a client without a name", { id: 1, method: "initialize", params: {} }],
    ["a client whose name is none", INITIALIZE(7)],
    ["a client that begins with something else", { id: 1, method: "ping" }],
    ["a client that was not understood", undefined],
  ])("puts nothing between %s and the pump", (_who, first) => expect(namesOf(AUTO, first)).toEqual([]));

  test("puts there what a known client needs, of either era", () => {
    expect(namesOf(AUTO, INITIALIZE("claude-ai"))).toEqual(["MergedLists"]);
    const _meta = { "io.modelcontextprotocol/clientInfo": { name: "claude-ai", version: "1" } };
    expect(namesOf(AUTO, { id: 1, method: "server/discover", params: { _meta } })).toEqual(["MergedLists"]);
  });

  test("puts texts nearest to the client, and the merging of lists nearest to the pump", () => {
    const all: ClientSideSettings = { ignoredTools: ["a"], cures: new Set(["merge-lists", "line-separators"]) };
    expect(namesOf(all, undefined)).toEqual(["TextCures", "ToolFilter", "MergedLists"]);
    expect(namesOf({ ...all, cures: new Set() }, INITIALIZE("claude-ai"))).toEqual(["ToolFilter"]);
  });
});
