import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { chmodSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Backups, digestOf } from "../../../../src/registry/clients/backups.ts";
import { Home } from "../../../harness/home.ts";

let home: Home;
let folder: string;
let backups: Backups;

beforeEach(() => {
  home = new Home();
  folder = join(home.folder, "clients");
  backups = new Backups(folder);
});
afterEach(() => home[Symbol.dispose]());

function keep(before: string | undefined, after: string | undefined, file = "/f"): Promise<void> {
  return backups.keep({ client: "cursor", file, before, after: after === undefined ? undefined : digestOf(after) });
}

describe("backups of a client's file", () => {
  test("come back to the byte, the newest first", async () => {
    await keep(undefined, "1");
    await keep("\ufeff1\r\n\u0000ü", "2");
    await keep("other", "3", "/g");
    expect(await backups.of("cursor", "/f")).toMatchObject([
      { before: "\ufeff1\r\n\u0000ü", after: digestOf("2") },
      { before: undefined, after: digestOf("1") },
    ]);
    expect(await backups.of("codex", "/f")).toEqual([]);
  });

  test("are none where nothing was kept, and no folder is made for that", async () => {
    expect(await backups.of("cursor", "/f")).toEqual([]);
    expect(readdirSync(home.folder)).toEqual([]);
  });

  test("are ten at most, and one that was put back is gone", async () => {
    for (let number = 0; number < 12; number++) {
      await keep(`${number}`, `${number + 1}`);
    }
    const kept = await backups.of("cursor", "/f");
    expect(kept.map(({ before }) => before)).toEqual(["11", "10", "9", "8", "7", "6", "5", "4", "3", "2"]);
    await backups.forget(kept[0]!);
    expect((await backups.of("cursor", "/f"))[0]!.before).toBe("10");
    expect(readdirSync(folder)).toHaveLength(18);
  });

  test("that are damaged, or of a later version, count for nothing", async () => {
    await keep("a", "b");
    const [name] = readdirSync(folder).filter((name) => name.endsWith(".json"));
    for (
      const text of ["", "{", "null", "[]", '{"format":2}', '{"format":1,"client":"cursor","file":"/f","hadFile":1}']
    ) {
      writeFileSync(join(folder, name!), text, { mode: 0o600 });
      expect((await backups.of("cursor", "/f")).filter(({ before }) => before !== undefined)).toEqual([]);
    }
  });

  test.skipIf(process.platform === "win32")("are the user's alone", async () => {
    await keep("secret", "b");
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    for (const name of readdirSync(folder)) expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
    chmodSync(folder, 0o755);
    await keep("secret", "c");
    expect(statSync(folder).mode & 0o777).toBe(0o700);
  });
});
