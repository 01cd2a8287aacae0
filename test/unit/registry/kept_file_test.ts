import { describe, expect, test } from "bun:test";
import { chmodSync, chownSync, mkdirSync, realpathSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readText } from "../../../src/registry/file.ts";
import { whereKept } from "../../../src/registry/kept_file.ts";
import { failure } from "../../harness/vault_place.ts";
import { RegistryPlace } from "./place.ts";

const UID = process.getuid?.() ?? 0;
const IS_ROOT = UID === 0;
/** A user whose links ours may be, and who is not the system's. */
const SOMEBODY = { platform: process.platform, uid: IS_ROOT ? 4_242 : UID };

/** A list that is kept in another folder, with a link in its place. */
class Linked extends RegistryPlace {
  readonly target = join(this.folder, "dotfiles", "servers.json");

  constructor() {
    super();
    mkdirSync(join(this.folder, "dotfiles"));
    writeFileSync(this.target, '{"mcpServers": {}}', { mode: 0o644 });
    symlinkSync("dotfiles/servers.json", this.file);
  }
}

describe.skipIf(process.platform === "win32")("servers.json", () => {
  test("may be a link to a file of ours, which is closed to others as it would be in its place", async () => {
    using linked = new Linked();
    expect(await whereKept(linked.file)).toEqual({ path: linked.target, isSystems: false });
    expect(await readText(linked.file)).toBe('{"mcpServers": {}}');
    expect(statSync(linked.target).mode & 0o777).toBe(0o600);
    expect(await readText(linked.file, { isShort: true })).toBe('{"mcpServers": {}}');
  });

  test("may be a link to a file of the system's, which is not ours to change", async () => {
    using place = new RegistryPlace();
    symlinkSync("/etc/passwd", place.file);
    expect(await whereKept(place.file, SOMEBODY)).toEqual({ path: realpathSync("/etc/passwd"), isSystems: true });
  });

  test("is where it is without a link, whether there is a file or not", async () => {
    using place = new RegistryPlace();
    expect(await whereKept(place.file)).toEqual({ path: place.file, isSystems: false });
    place.write("{}");
    expect(await whereKept(place.file)).toEqual({ path: place.file, isSystems: false });
  });

  test("is refused as a link to nowhere", async () => {
    using linked = new Linked();
    rmSync(linked.target);
    expect(await failure(readText(linked.file))).toMatchObject({
      code: "unsafe_file",
      message: expect.stringContaining("leads nowhere"),
    });
  });

  test("is refused as a link to another user's file, or as that user's link", async () => {
    using linked = new Linked();
    if (IS_ROOT) chownSync(linked.target, 65_534, 65_534);
    const machine = { platform: process.platform, uid: IS_ROOT ? UID : UID + 1 };
    expect((await failure(whereKept(linked.file, machine))).code).toBe("unsafe_file");
  });

  test.skipIf(!IS_ROOT)("is refused as a link to a file of the system's that others may change", async () => {
    using linked = new Linked();
    chmodSync(linked.target, 0o666);
    expect(await failure(whereKept(linked.file, SOMEBODY))).toMatchObject({
      code: "unsafe_file",
      message: expect.stringContaining("which others may change"),
    });
  });
});
