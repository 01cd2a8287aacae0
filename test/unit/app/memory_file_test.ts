import { describe, expect, test } from "bun:test";
import { chmodSync, existsSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { KeptMemory } from "../../../src/app/memory.ts";
import { accountByHeader, MemoryFile } from "../../../src/app/memory_file.ts";
import { ownerKey } from "../../../src/auth/owner.ts";
import type { Notice } from "../../../src/platform/notice.ts";
import { Home } from "../../harness/home.ts";

const OWNER = { server: "https://example.com/mcp?key=secret", account: "default" };

interface Rig {
  readonly place: MemoryFile;
  readonly memory: KeptMemory;
  readonly notices: readonly Notice[];
  readonly folder: string;
  readonly file: string;
}

function rig(home: Home, owner = OWNER): Rig {
  const notices: Notice[] = [];
  const state = join(home.folder, "state");
  const folder = join(state, "memory");
  const place = new MemoryFile({ platform: process.platform, env: { MCP_BRIDGE_HOME: state } }, owner);
  const name = new Bun.CryptoHasher("sha256").update(ownerKey(owner)).digest("hex");
  return {
    place,
    memory: new KeptMemory(place, (notice) => notices.push(notice)),
    notices,
    folder,
    file: join(folder, `${name}.json`),
  };
}

test("what a run learns is there for the next one, of that account alone, in a file of the user's own", async () => {
  using home = new Home();
  const { memory, file, folder } = rig(home);
  await memory.put("era", { modern: true });
  await memory.put("other", [1]);
  expect(await rig(home).memory.get("era")).toEqual({ modern: true });
  expect(await rig(home).memory.get("other")).toEqual([1]);
  expect(await rig(home, { ...OWNER, account: "work" }).memory.get("era")).toBeUndefined();
  expect(readdirSync(folder).map((name) => join(folder, name))).toEqual([file]);
  if (process.platform === "win32") return;
  expect([statSync(file).mode & 0o777, statSync(folder).mode & 0o777]).toEqual([0o600, 0o700]);
});

test("neither the server's address nor a credential stands in the file or in its name", async () => {
  using home = new Home();
  const owner = { ...OWNER, account: accountByHeader("Bearer hush") };
  const { memory, folder, file } = rig(home, owner);
  await memory.put("era", "modern");
  const text = `${readdirSync(folder).join()} ${await Bun.file(file).text()}`;
  for (const secret of ["hush", "secret", "example.com"]) expect(text).not.toContain(secret);
  expect(accountByHeader("Bearer hush")).not.toBe(accountByHeader("Bearer other"));
});

test("reading makes no file and no folder", async () => {
  using home = new Home();
  const { memory, place, folder } = rig(home);
  expect(await memory.get("era")).toBeUndefined();
  await place.remove();
  expect(existsSync(folder)).toBe(false);
});

test("what is known already is not written again", async () => {
  using home = new Home();
  const { memory, file } = rig(home);
  await memory.put("era", { a: 1 });
  const { ino } = statSync(file);
  await memory.put("era", { a: 1 });
  expect(statSync(file).ino).toBe(ino);
  await memory.put("era", { a: 2 });
  expect(statSync(file).ino).not.toBe(ino);
});

test("a value beyond 64 KiB is not kept, and what is known stays", async () => {
  using home = new Home();
  const { memory, notices } = rig(home);
  await memory.put("era", "modern");
  await memory.put("long", "x".repeat(65_534));
  await memory.put("longer", "x".repeat(65_535));
  expect(await memory.get("era")).toBe("modern");
  expect(await memory.get("long")).toHaveLength(65_534);
  expect(await memory.get("longer")).toBeUndefined();
  expect(notices).toEqual([]);
});

test("the file does not grow for ever: where it would be too long, the newest value is kept alone", async () => {
  using home = new Home();
  const { memory, file } = rig(home);
  for (let count = 0; count < 16; count++) await memory.put(`long ${count}`, "x".repeat(65_534));
  expect(statSync(file).size).toBeLessThan(1_048_576);
  expect(await memory.get("long 14")).toBeUndefined();
  expect(await memory.get("long 15")).toBeDefined();
});

test("removing forgets all of it", async () => {
  using home = new Home();
  const { memory, place } = rig(home);
  await memory.put("era", "modern");
  await place.remove();
  expect(await memory.get("era")).toBeUndefined();
});

describe("what is damaged, or none of ours, is learnt anew", () => {
  const known = '"known":{"era":"modern"}';
  test.each([
    ["half of a file", `{"version":1,${known}`],
    ["another version", `{"version":2,${known}}`],
    ["no version", `{${known}}`],
    ["a list", "[1]"],
    ["null", "null"],
    ["what is known as a list", '{"version":1,"known":["era"]}'],
    ["bytes that are no text", new Uint8Array([0xff, 0xfe, 0])],
    ["a file beyond all that is kept", `{"version":1,${known}}${" ".repeat(1_048_576)}`],
  ])("%s", async (_, content) => {
    using home = new Home();
    const { memory, folder, file, notices } = rig(home);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeFileSync(file, content, { mode: 0o600 });
    expect(await memory.get("era")).toBeUndefined();
    await memory.put("era", "legacy");
    expect(await rig(home).memory.get("era")).toBe("legacy");
    expect(notices).toEqual([]);
  });
});

describe.skipIf(process.platform === "win32")("a file that is not the user's own", () => {
  test("is not believed where others may write it, and closed to them", async () => {
    using home = new Home();
    const { memory, file } = rig(home);
    await memory.put("era", "modern");
    chmodSync(file, 0o622);
    expect(await memory.get("era")).toBeUndefined();
    await memory.put("era", "legacy");
    expect(await memory.get("era")).toBe("legacy");
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  test("is not written through a link", async () => {
    using home = new Home();
    const { memory, folder, file, notices } = rig(home);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const other = join(home.folder, "other.json");
    writeFileSync(other, "{}");
    symlinkSync(other, file);
    await memory.put("era", "modern");
    expect(await Bun.file(other).text()).toBe("{}");
    expect(notices).toMatchObject([{ level: "debug", text: expect.stringContaining("is a symbolic link") }]);
  });
});

describe("a disk that cannot be written, or a home that is not there, costs one line of the log", () => {
  test("a file in the folder's place", async () => {
    using home = new Home();
    const { memory, notices } = rig(home);
    writeFileSync(join(home.folder, "state"), "");
    for (const value of [1, 2]) {
      await memory.put("era", value);
      expect(await memory.get("era")).toBeUndefined();
    }
    expect(notices).toMatchObject([{ level: "debug", text: expect.stringContaining("nothing is remembered") }]);
  });

  test("no home", async () => {
    const notices: Notice[] = [];
    const place = new MemoryFile({ platform: "linux", env: {} }, OWNER);
    const memory = new KeptMemory(place, (notice) => notices.push(notice));
    for (const value of [1, 2]) await memory.put("era", value);
    expect(await memory.get("era")).toBeUndefined();
    expect(notices).toMatchObject([{ level: "debug", text: expect.stringContaining("no home folder") }]);
  });
});
