import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { settle } from "../../harness/fake_clock.ts";
import { failure, VaultPlace } from "../../harness/vault_place.ts";

/** Work that goes on until it is let go. */
function gate(): { entered: Promise<void>; work: () => Promise<void>; open: () => void } {
  const entered = Promise.withResolvers<void>();
  const open = Promise.withResolvers<void>();
  return {
    entered: entered.promise,
    open: open.resolve,
    work: () => {
      entered.resolve();
      return open.promise;
    },
  };
}

describe("a lock of the vault", () => {
  test("lets one work at a time, also within a process, and the event loop goes on", async () => {
    using place = new VaultPlace();
    let inside = 0;
    let most = 0;
    await Promise.all(Array.from({ length: 8 }, () =>
      place.open().withLock("credential", async () => {
        most = Math.max(most, ++inside);
        await settle();
        inside--;
      })));
    expect(most).toBe(1);
  });

  test("keeps other names free", async () => {
    using place = new VaultPlace();
    const { entered, work, open } = gate();
    const held = place.open().withLock("one", work);
    await entered;
    expect(await place.open().withLock("two", () => Promise.resolve(2))).toBe(2);
    open();
    await held;
  });

  test("gives what the work gives, and is free again after work that fails", async () => {
    using place = new VaultPlace();
    const vault = place.open();
    const failed = vault.withLock("credential", () => Promise.reject(new RangeError("no")));
    await expect(failed).rejects.toThrow(RangeError);
    expect(await vault.withLock("credential", () => Promise.resolve(7))).toBe(7);
  });

  test("is waited for until the signal gives up, with its reason; the holder is not disturbed", async () => {
    using place = new VaultPlace();
    const { entered, work, open } = gate();
    const held = place.open().withLock("credential", work);
    await entered;
    const giving = new AbortController();
    let ran = false;
    const waiting = place.open().withLock("credential", () => Promise.resolve(ran = true), giving.signal);
    giving.abort(new RangeError("enough"));
    await expect(waiting).rejects.toThrow("enough");
    expect(ran).toBe(false);
    open();
    await held;
  });

  test("that is held for ever is given up after a minute, with a word of what to do (B19)", async () => {
    using place = new VaultPlace();
    const { entered, work, open } = gate();
    const held = place.open().withLock("credential", work);
    await entered;
    const error = failure(place.open().withLock("credential", () => Promise.resolve()));
    await place.clock.pass(60_000);
    expect(await error).toMatchObject({ code: "vault_busy", hint: "end it, then try again" });
    open();
    await held;
  });

  test("stays held when this process looks at its file, closes others, or reads the vault", async () => {
    using place = new VaultPlace();
    const { entered, work, open } = gate();
    const held = place.open().withLock("credential", work);
    await entered;
    const giving = new AbortController();
    const [one, other] = [0, 1].map(() => place.open().withLock("credential", () => Promise.resolve(), giving.signal));
    await place.open().put("tokens", "a", 1);
    giving.abort(new Error("enough"));
    await Promise.allSettled([one, other]);
    const [name] = readdirSync(place.folder).filter((name) => /^[0-9a-f]{32}\.lock$/.test(name));
    const child = Bun.spawnSync([
      process.execPath,
      "-e",
      `const { Database } = require("bun:sqlite"); new Database(${
        JSON.stringify(join(place.folder, name!))
      }).run("BEGIN EXCLUSIVE")`,
    ], { stderr: "pipe" });
    expect(child.stderr.toString()).toContain("database is locked");
    open();
    await held;
  });

  test("writes nothing into its file, and removes it never", async () => {
    using place = new VaultPlace();
    await place.open().withLock("credential", () => Promise.resolve());
    const names = readdirSync(place.folder);
    expect(names).toHaveLength(1);
    expect(statSync(join(place.folder, names[0]!))).toMatchObject({ size: 0 });
    expect(existsSync(place.file)).toBe(false);
  });

  test("whose file was deleted is taken on a new one by all that come later (B19)", async () => {
    using place = new VaultPlace();
    const vault = place.open();
    await vault.withLock("credential", () => Promise.resolve());
    for (const name of readdirSync(place.folder)) rmSync(join(place.folder, name));
    expect(await vault.withLock("credential", () => Promise.resolve(1))).toBe(1);
  });

  test("in whose place something else stands is refused, and that is left alone (B19)", async () => {
    using place = new VaultPlace();
    const vault = place.open();
    await vault.withLock("credential", () => Promise.resolve());
    const file = join(place.folder, readdirSync(place.folder)[0]!);
    writeFileSync(file, "a file of somebody ".repeat(100));
    const error = await failure(vault.withLock("credential", () => Promise.resolve()));
    expect(error).toMatchObject({ code: "unsafe_file", hint: expect.stringContaining("remove that file") });
    expect(readFileSync(file, "utf8")).toBe("a file of somebody ".repeat(100));
  });
});
