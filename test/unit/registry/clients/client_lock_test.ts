import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, rmdirSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { underLock } from "../../../../src/registry/clients/client_lock.ts";
import { clientOf } from "../../../../src/registry/clients/table.ts";
import { Home } from "../../../harness/home.ts";

let home: Home;
let file: string;
let lock: string;
beforeEach(() => {
  home = new Home();
  file = join(home.folder, ".claude.json");
  lock = `${file}.lock`;
});
afterEach(() => home[Symbol.dispose]());

/** Writes under the lock of Claude Code, and tells whether that stood meanwhile. */
async function wasLocked(id = "claude-code"): Promise<boolean> {
  return await underLock(await clientOf(id), file, () => Promise.resolve(existsSync(lock)));
}

describe("the lock of Claude Code", () => {
  test("stands while its file is written, and is gone behind that, also where that fails", async () => {
    expect(await wasLocked()).toBe(true);
    expect(existsSync(lock)).toBe(false);
    const failing = underLock(await clientOf("claude-code"), file, () => Promise.reject(new Error("full")));
    await expect(failing).rejects.toThrow("full");
    expect(existsSync(lock)).toBe(false);
  });

  test("is waited for while Claude Code holds it", async () => {
    mkdirSync(lock);
    const written = wasLocked();
    await Bun.sleep(120);
    rmdirSync(lock);
    expect(await written).toBe(true);
  });

  test("that is held on and on keeps the file from being written", async () => {
    mkdirSync(lock);
    await expect(wasLocked()).rejects.toMatchObject({
      code: "file_changed",
      message: `Claude Code is writing ${JSON.stringify(file)} at this moment`,
    });
    expect(existsSync(lock)).toBe(true);
  });

  test("of a process that has ended is taken over", async () => {
    mkdirSync(lock);
    const longAgo = Date.now() / 1_000 - 11;
    utimesSync(lock, longAgo, longAgo);
    expect(await wasLocked()).toBe(true);
    expect(existsSync(lock)).toBe(false);
  });

  test("that cannot be taken, since something else stands there, keeps nobody from writing", async () => {
    writeFileSync(lock, "");
    expect(await wasLocked()).toBe(true);
    expect(existsSync(lock)).toBe(true);
  });
});

test("clients without a lock are written without one", async () => {
  expect(await wasLocked("cursor")).toBe(false);
});
