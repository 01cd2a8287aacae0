import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { readClientText } from "../../../../src/registry/clients/client_file.ts";
import { replaceClientFile } from "../../../../src/registry/clients/client_write.ts";
import { Home } from "../../../harness/home.ts";

const onWindows = process.platform === "win32";
let home: Home;
let file: string;

beforeEach(() => {
  home = new Home();
  file = join(home.folder, "mcp.json");
});
afterEach(() => home[Symbol.dispose]());

describe("a client's file that is written", () => {
  test.skipIf(onWindows)("keeps its mode, and a new one is the user's alone, with its folders", async () => {
    writeFileSync(file, "old");
    for (const mode of [0o644, 0o600, 0o640]) {
      chmodSync(file, mode);
      const before = readFileSync(file, "utf8");
      await replaceClientFile(file, before, `new ${mode}`);
      expect([readFileSync(file, "utf8"), statSync(file).mode & 0o7777]).toEqual([`new ${mode}`, mode]);
    }
    const made = join(home.folder, "a", "b", "mcp.json");
    await replaceClientFile(made, undefined, "new");
    expect([readFileSync(made, "utf8"), statSync(made).mode & 0o777]).toEqual(["new", 0o600]);
    expect(statSync(join(home.folder, "a")).mode & 0o777).toBe(0o700);
  });

  test("leaves nothing beside it, not even what a killed process has left", async () => {
    writeFileSync(file, "old");
    // A process id that no system gives.
    writeFileSync(`${file}.999999999-0123abcd.new`, "half");
    await replaceClientFile(file, "old", "new");
    expect(readdirSync(home.folder)).toEqual(["mcp.json"]);
  });

  test.skipIf(onWindows)("stays a link, and what it leads to is written", async () => {
    const dotfiles = join(home.folder, "dotfiles");
    mkdirSync(dotfiles);
    writeFileSync(join(dotfiles, "mcp.json"), "old", { mode: 0o644 });
    symlinkSync("dotfiles/mcp.json", file);
    await replaceClientFile(file, "old", "new");
    expect(readlinkSync(file)).toBe("dotfiles/mcp.json");
    expect(lstatSync(join(dotfiles, "mcp.json")).isFile()).toBe(true);
    expect(readFileSync(join(dotfiles, "mcp.json"), "utf8")).toBe("new");
    expect(readdirSync(dotfiles)).toEqual(["mcp.json"]);
  });

  test("is taken away where it was ours alone", async () => {
    writeFileSync(file, "ours");
    await replaceClientFile(file, "ours", undefined);
    expect(existsSync(file)).toBe(false);
  });

  test.skipIf(onWindows)(
    "that was made a link meanwhile is taken away with it: a link to nowhere is no file",
    async () => {
      const kept = join(home.folder, "kept.json");
      writeFileSync(kept, "ours");
      symlinkSync("kept.json", file);
      await replaceClientFile(file, "ours", undefined);
      expect(readdirSync(home.folder)).toEqual([]);
      await replaceClientFile(file, undefined, "new");
      expect(readFileSync(file, "utf8")).toBe("new");
    },
  );

  test.skipIf(onWindows)("is written though who made it was killed before its second name was gone", async () => {
    writeFileSync(file, "old");
    linkSync(file, `${file}.999999999-0123abcd.new`);
    await replaceClientFile(file, "old", "new");
    expect(readFileSync(file, "utf8")).toBe("new");
    expect(readdirSync(home.folder)).toEqual(["mcp.json"]);
  });
});

describe("a client's file that is not written", () => {
  test("is one that somebody changed, took away or made meanwhile", async () => {
    const changed = { code: "file_changed" };
    writeFileSync(file, "theirs");
    await expect(replaceClientFile(file, "old", "new")).rejects.toMatchObject(changed);
    await expect(replaceClientFile(file, undefined, "new")).rejects.toMatchObject(changed);
    await expect(replaceClientFile(file, "old", undefined)).rejects.toMatchObject(changed);
    expect(readFileSync(file, "utf8")).toBe("theirs");
    await expect(replaceClientFile(join(home.folder, "none"), "old", "new")).rejects.toMatchObject(changed);
    expect(readdirSync(home.folder)).toEqual(["mcp.json"]);
  });

  test.skipIf(onWindows)("is another user's, be it at the end of a link", async () => {
    writeFileSync(file, "theirs");
    const stranger = { platform: process.platform, uid: statSync(file).uid + 1 };
    await expect(replaceClientFile(file, "theirs", "new", stranger)).rejects.toMatchObject({
      code: "bad_client_file",
      message: expect.stringContaining("belongs to another user"),
    });
    expect(readFileSync(file, "utf8")).toBe("theirs");
  });

  test.skipIf(onWindows)("has a second name, which would be left behind", async () => {
    writeFileSync(file, "old");
    linkSync(file, join(home.folder, "other"));
    await expect(replaceClientFile(file, "old", "new")).rejects.toMatchObject({
      message: expect.stringContaining("hard link"),
    });
  });

  test.skipIf(onWindows)("is one that its owner may only read", async () => {
    writeFileSync(file, "old");
    chmodSync(file, 0o444);
    await expect(replaceClientFile(file, "old", "new")).rejects.toMatchObject({
      code: "bad_client_file",
      message: expect.stringContaining("is read-only"),
    });
    expect(readFileSync(file, "utf8")).toBe("old");
  });

  test.skipIf(onWindows)("is a link that leads nowhere, or what stands below a file", async () => {
    symlinkSync("nowhere", file);
    await expect(readClientText(file)).rejects.toMatchObject({
      code: "bad_client_file",
      message: expect.stringContaining("is a link that leads nowhere"),
    });
    await expect(replaceClientFile(file, undefined, "new")).rejects.toMatchObject({ code: "bad_client_file" });
    expect(existsSync(join(home.folder, "nowhere"))).toBe(false);
    writeFileSync(join(home.folder, "plain"), "");
    await expect(replaceClientFile(join(home.folder, "plain", "mcp.json"), undefined, "new")).rejects.toMatchObject({
      code: "bad_client_file",
    });
  });

  test.skipIf(onWindows || process.getuid?.() === 0)("is in a folder that may not be written to", async () => {
    writeFileSync(file, "old");
    chmodSync(home.folder, 0o500);
    try {
      await expect(replaceClientFile(file, "old", "new")).rejects.toMatchObject({
        code: "bad_client_file",
        message: expect.stringContaining("cannot be written (EACCES)"),
      });
    } finally {
      chmodSync(home.folder, 0o700);
    }
  });
});

describe("a client's file that is read", () => {
  test("comes with its mark of the byte order, or is none", async () => {
    writeFileSync(file, "\ufeff{}");
    expect((await readClientText(file))?.text).toBe("\ufeff{}");
    expect(await readClientText(join(home.folder, "none"))).toBeUndefined();
  });

  test("must be a file with text in UTF-8", async () => {
    const unfit = { code: "bad_client_file" };
    await expect(readClientText(home.folder)).rejects.toMatchObject(unfit);
    writeFileSync(file, Buffer.from("{}", "utf16le"));
    writeFileSync(file, new Uint8Array([0xff, 0xfe, 0x7b, 0]));
    await expect(readClientText(file)).rejects.toMatchObject({ message: expect.stringContaining("UTF-8") });
  });

  test.skipIf(onWindows)("is not waited for where it is a pipe", async () => {
    expect(Bun.spawnSync(["mkfifo", file]).exitCode).toBe(0);
    await expect(readClientText(file)).rejects.toMatchObject({ message: expect.stringContaining("is no file") });
  });
});
