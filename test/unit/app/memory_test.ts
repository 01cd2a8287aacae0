import { expect, test } from "bun:test";
import { Database } from "bun:sqlite";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { KeptMemory } from "../../../src/app/memory.ts";
import { MemoryFile } from "../../../src/app/memory_file.ts";
import { MemoryVault } from "../../../src/app/memory_vault.ts";
import { SharedVault } from "../../../src/app/shared_vault.ts";
import { ownerKey } from "../../../src/auth/owner.ts";
import { systemClock } from "../../../src/platform/clock.ts";
import type { Notice } from "../../../src/platform/notice.ts";
import { Home } from "../../harness/home.ts";

const OWNER = { server: "https://example.com/mcp", account: "default" };

function rig(home: Home, account = "default"): { vault: SharedVault; memory: KeptMemory; notices: Notice[] } {
  const notices: Notice[] = [];
  const surroundings = { platform: process.platform, env: { MCP_BRIDGE_HOME: join(home.folder, "state") } };
  const notify = (notice: Notice): void => void notices.push(notice);
  const vault = new SharedVault({ surroundings, keyKind: "file", passphrase: undefined }, systemClock, notify);
  const owner = { ...OWNER, account };
  const place = new MemoryVault(vault, owner, new MemoryFile(surroundings, owner));
  return { vault, memory: new KeptMemory(place, notify), notices };
}

test("what a run learns is there for the next one, of that account alone", async () => {
  using home = new Home();
  const { vault, memory } = rig(home);
  await (await vault.open()).put("tokens", "any", 1);
  await memory.put("era", { modern: true });
  await memory.put("other", [1]);
  expect(await rig(home).memory.get("era")).toEqual({ modern: true });
  expect(await rig(home).memory.get("other")).toEqual([1]);
  expect(await rig(home, "work").memory.get("era")).toBeUndefined();
});

test("no vault is made to remember something, and one that comes meanwhile takes it up", async () => {
  using home = new Home();
  const { vault, memory } = rig(home);
  await memory.put("era", "modern");
  expect(vault.isThere).toBe(false);
  expect(await rig(home).memory.get("era")).toBe("modern");
  await (await vault.open()).put("tokens", "any", 1);
  expect(await memory.get("era")).toBeUndefined();
  await memory.put("era", "legacy");
  expect(await (await rig(home).vault.open()).get("memory", ownerKey(OWNER))).toEqual({ era: "legacy" });
});

test("what is known already is not written again", async () => {
  using home = new Home();
  const { vault, memory } = rig(home);
  await (await vault.open()).put("tokens", "any", 1);
  await memory.put("era", { a: 1 });
  const file = Bun.file(join(home.folder, "state", "vault.db"));
  const before = await file.bytes();
  await memory.put("era", { a: 1 });
  expect(await file.bytes()).toEqual(before);
});

test("a run that ends waits for all that is being written, not for what was put last alone", async () => {
  using home = new Home();
  const { vault, memory } = rig(home);
  await (await vault.open()).put("tokens", "any", 1);
  await memory.put("known", 1);
  let isWritten = false;
  void memory.put("era", "modern").then(() => isWritten = true);
  void memory.put("known", 1);
  await memory.close(10_000);
  expect(isWritten).toBe(true);
});

test("what is damaged is forgotten, and learnt anew", async () => {
  using home = new Home();
  const { vault, memory } = rig(home);
  await (await vault.open()).put("tokens", "any", 1);
  await memory.put("era", "modern");
  using database = new Database(join(home.folder, "state", "vault.db"));
  database.run("UPDATE sealed SET content = zeroblob(length(content)) WHERE part = 'memory'");
  expect(await rig(home).memory.get("era")).toBeUndefined();
  await rig(home).memory.put("era", "legacy");
  expect(await rig(home).memory.get("era")).toBe("legacy");
});

test("a vault whose key is not to be had stops nobody, and the log says so", async () => {
  using home = new Home();
  const { vault, memory, notices } = rig(home);
  await (await vault.open()).put("tokens", "any", 1);
  await memory.put("era", "modern");
  rmSync(join(home.folder, "state", "vault-a.key"));
  const next = rig(home);
  expect(await next.memory.get("era")).toBeUndefined();
  await next.memory.put("era", 1);
  expect(next.notices.filter(({ level }) => level === "debug").length).toBeGreaterThan(0);
  expect(notices.filter(({ level }) => level === "debug")).toEqual([]);
});

test("a vault that is damaged as a whole is told by whoever meets it first, and stops nobody after that", async () => {
  using home = new Home();
  const { vault, memory } = rig(home);
  await (await vault.open()).put("tokens", "any", 1);
  await Bun.write(join(home.folder, "state", "vault.db"), "no database, and long enough to be looked at");
  await expect(memory.get("era")).rejects.toThrow("the vault is damaged");
  expect(await memory.get("era")).toBeUndefined();
  await memory.put("era", 1);
  expect(vault.isThere).toBe(false);
});
