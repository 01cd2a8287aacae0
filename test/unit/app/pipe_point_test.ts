import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, realpathSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findPipe, openPipe, type PipeMachine } from "../../../src/app/pipe_point.ts";
import type { Surroundings } from "../../../src/platform/paths.ts";

let folder: string;
let surroundings: Surroundings;
let listened: string[];
let alive: Set<string>;
let machine: PipeMachine;

beforeEach(() => {
  folder = mkdtempSync(join(realpathSync(tmpdir()), "mcp-bridge-pipe-"));
  // The rules for the file are this machine's; the pipe is a matter of words.
  surroundings = { platform: "linux", env: { MCP_BRIDGE_HOME: folder } };
  listened = [];
  alive = new Set();
  machine = {
    sid: () => Promise.resolve("S-1-5-21-1"),
    listen: (address) => {
      listened.push(address);
      alive.add(address);
      return { stop: () => void alive.delete(address) };
    },
    isAlive: (address) => Promise.resolve(alive.has(address)),
  };
});
afterEach(() => rmSync(folder, { recursive: true }));

describe.skipIf(process.platform === "win32")("a named pipe of the user", () => {
  test("has the user's number in its name, and is named in a file that only the user may read", async () => {
    expect(await findPipe(surroundings)).toBeUndefined();
    await openPipe(surroundings, () => {}, machine);
    expect(listened).toEqual([expect.stringMatching(/^\\\\\.\\pipe\\mcp-bridge-S-1-5-21-1-[\w-]{11}$/)]);
    expect((await findPipe(surroundings))!.address).toBe(listened[0]!);
    expect((await findPipe(surroundings))!.prove).toBeFunction();
    expect(statSync(join(folder, "serve.json")).mode & 0o077).toBe(0);
  });

  test("is left to the serve that has it", async () => {
    await openPipe(surroundings, () => {}, machine);
    expect(await openPipe(surroundings, () => {}, machine)).toBeUndefined();
    expect((await findPipe(surroundings))!.address).toBe(listened[0]!);
  });

  test("of a serve that was killed gives way to another one, of another name", async () => {
    await openPipe(surroundings, () => {}, machine);
    alive.clear();
    expect(await openPipe(surroundings, () => {}, machine)).toBeDefined();
    expect(listened).toHaveLength(2);
    expect((await findPipe(surroundings))!.address).toBe(listened[1]!);
    expect(listened[1]).not.toBe(listened[0]!);
  });

  test("is not looked for where the file says nothing", async () => {
    writeFileSync(join(folder, "serve.json"), "nonsense", { mode: 0o600 });
    expect(await findPipe(surroundings)).toBeUndefined();
  });
});
