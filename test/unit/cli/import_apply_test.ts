import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type ApplyParts, applyPlan } from "../../../src/cli/import_apply.ts";
import { planServers } from "../../../src/cli/import_plan.ts";
import { systemClock } from "../../../src/platform/clock.ts";
import { clientOf } from "../../../src/registry/clients/table.ts";
import { EMPTY_REGISTRY } from "../../../src/registry/registry.ts";
import { FakeKeychain } from "../../harness/fake_keychain.ts";
import { Home } from "../../harness/home.ts";

test("a name that was taken since the plan was shown keeps its secrets", async () => {
  using home = new Home();
  const file = join(home.folder, "servers.json");
  const client = await clientOf("cursor");
  const value = { url: "https://a.example/mcp", headers: { "X-Key": "ours" } };
  const entry = { name: "x", ...client.read(value), value, place: { line: 1, column: 1 } };
  const sources = { entries: [{ client, file: "/mcp.json", entry }], faults: [] };
  const plan = await planServers(sources, EMPTY_REGISTRY, { all: true, platform: "linux" });
  writeFileSync(file, '{"mcpServers":{"x":{"url":"https://b.example/","headers":{"X-Key":"keychain:x/x-key"}}}}');
  const keychain = new FakeKeychain();
  const parts = { file, keychain, clock: systemClock, signal: new AbortController().signal };
  const [applied] = await applyPlan({ ...plan, signIns: new Map() }, parts as unknown as ApplyParts, () => {});
  expect([applied!.failure?.code, keychain.keys.size]).toEqual(["bad_name", 0]);
});
