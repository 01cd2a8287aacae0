import { describe, expect, test } from "bun:test";
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  checkPrivateFile,
  checkPrivateFolder,
  type Machine,
  makePrivateFile,
  makePrivateFolder,
  readPrivateFile,
  replacePrivateFile,
  writeNewPrivateFile,
} from "../../../src/platform/private_files.ts";
import { failure } from "../../harness/vault_place.ts";

class Place implements Disposable {
  readonly folder: string = mkdtempSync(join(realpathSync(tmpdir()), "mcp-bridge-files-"));
  readonly file: string = join(this.folder, "file");

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true });
  }
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const posix = process.platform !== "win32";

describe.skipIf(!posix)("a private file", () => {
  for (const umask of [0o000, 0o022, 0o077, 0o777]) {
    test(`is open to the user alone under the umask ${umask.toString(8).padStart(3, "0")} (B4)`, async () => {
      using place = new Place();
      const before = process.umask(umask);
      try {
        await makePrivateFile(place.file);
        await replacePrivateFile(`${place.file}2`, bytes("x"));
        await writeNewPrivateFile(`${place.file}3`, bytes("x"));
      } finally {
        process.umask(before);
      }
      for (const file of ["", "2", "3"].map((ending) => place.file + ending)) {
        expect(statSync(file).mode & 0o777).toBe(0o600);
      }
    });
  }

  test("that is open to others is closed by whoever looks at it, reads it or replaces it (B4, L7)", async () => {
    using place = new Place();
    for (const use of [checkPrivateFile, makePrivateFile, readPrivateFile]) {
      writeFileSync(place.file, "text");
      chmodSync(place.file, 0o644);
      await use(place.file);
      expect(statSync(place.file).mode & 0o777).toBe(0o600);
    }
    chmodSync(place.file, 0o666);
    await replacePrivateFile(place.file, bytes("new"));
    expect(statSync(place.file).mode & 0o777).toBe(0o600);
  });

  test("that the disk gives to another user is not left behind, nor held open", async () => {
    using place = new Place();
    const machine: Machine = { platform: process.platform, uid: process.getuid!() + 1 };
    const opened = (): number => readdirSync("/dev/fd").length;
    const before = opened();
    for (const write of [writeNewPrivateFile, replacePrivateFile]) {
      expect((await failure(write(place.file, bytes("x"), machine))).code).toBe("unsafe_file");
    }
    expect(readdirSync(place.folder)).toEqual([]);
    expect(opened()).toBe(before);
  });

  test("of another user is refused, and so is another user's folder (B4)", async () => {
    using place = new Place();
    writeFileSync(place.file, "theirs", { mode: 0o600 });
    const machine: Machine = { platform: process.platform, uid: process.getuid!() + 1 };
    const uses = [
      () => checkPrivateFile(place.file, machine),
      () => makePrivateFile(place.file, machine),
      () => readPrivateFile(place.file, machine),
      () => replacePrivateFile(place.file, bytes("ours"), machine),
      () => checkPrivateFolder(place.folder, machine),
      () => makePrivateFolder(place.folder, machine),
    ];
    for (const use of uses) {
      const error = await failure(use());
      expect(error).toMatchObject({ code: "unsafe_file", hint: expect.stringContaining("MCP_BRIDGE_HOME") });
      expect(error.message).toEndWith("belongs to another user");
    }
    expect(readFileSync(place.file, "utf8")).toBe("theirs");
  });

  test("is read as it is, and nothing is read where there is none", async () => {
    using place = new Place();
    expect(await readPrivateFile(place.file)).toBeUndefined();
    expect(await checkPrivateFile(place.file)).toBe(false);
    await replacePrivateFile(place.file, bytes("text"));
    expect(Buffer.from((await readPrivateFile(place.file))!).toString()).toBe("text");
    await makePrivateFile(place.file);
    expect(readFileSync(place.file, "utf8")).toBe("text");
  });

  test("is replaced beside drafts of the dead, which are swept, and of the living, which stay (C1)", async () => {
    using place = new Place();
    const dead = Bun.spawnSync(["true"]).pid;
    writeFileSync(`${place.file}.${dead}-01234567.new`, "half");
    writeFileSync(`${place.file}.${process.pid}-01234567.new`, "half");
    writeFileSync(`${place.file}.backup`, "the person's");
    await replacePrivateFile(place.file, bytes("whole"));
    expect(readdirSync(place.folder).sort()).toEqual([
      "file",
      `file.${process.pid}-01234567.new`,
      "file.backup",
    ]);
  });

  test("stays what it was where the new one cannot be written, and no draft is left", async () => {
    using place = new Place();
    await replacePrivateFile(place.file, bytes("old"));
    const child = Bun.spawnSync([
      "sh",
      "-c",
      `trap '' XFSZ; ulimit -f 1; exec "$@"`,
      "sh",
      process.execPath,
      "-e",
      `const { replacePrivateFile } = await import(${
        JSON.stringify(join(import.meta.dir, "../../../src/platform/private_files.ts"))
      });
       await replacePrivateFile(${
        JSON.stringify(place.file)
      }, new Uint8Array(4096)).catch(({ code }) => console.log(code));`,
    ]);
    expect(child.stdout.toString()).toBe("EFBIG\n");
    expect(readFileSync(place.file, "utf8")).toBe("old");
    expect(readdirSync(place.folder)).toEqual(["file"]);
  });
});

describe.skipIf(!posix)("a private folder", () => {
  test("is made with what is missing above it, and closed where it was open", async () => {
    using place = new Place();
    const folder = join(place.folder, "a", "b");
    expect(await checkPrivateFolder(folder)).toBe(false);
    expect(await makePrivateFolder(folder)).toBe(folder);
    chmodSync(folder, 0o755);
    expect(await checkPrivateFolder(folder)).toBe(true);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
  });

  test("is not made where a file stands", async () => {
    using place = new Place();
    writeFileSync(place.file, "text");
    expect(await failure(checkPrivateFolder(place.file))).toMatchObject({ code: "unsafe_file" });
    expect(readFileSync(place.file, "utf8")).toBe("text");
  });
});

describe("on Windows, by an injected runner, a private folder", () => {
  const SID = "S-1-5-21-1-2-3-1001";

  function windows(answers: { sid?: string; icacls?: boolean } = {}): Machine & { ran: (readonly string[])[] } {
    const ran: (readonly string[])[] = [];
    return {
      ran,
      platform: "win32",
      uid: undefined,
      run: (argv) => {
        ran.push(argv);
        if (argv[0]!.endsWith("whoami.exe")) {
          return Promise.resolve({ ok: true, output: answers.sid ?? `"m\\ada","${SID}"\r\n` });
        }
        return Promise.resolve({ ok: answers.icacls ?? true, output: "" });
      },
    };
  }

  test("is left to the user, the system and its administrators, by their numbers and without a shell (B4)", async () => {
    using place = new Place();
    const machine = windows();
    const folder = join(place.folder, "with space & sign");
    await makePrivateFolder(folder, machine);
    expect(machine.ran).toEqual([
      ["C:\\Windows\\System32\\whoami.exe", "/user", "/fo", "csv", "/nh"],
      [
        "C:\\Windows\\System32\\icacls.exe",
        folder,
        "/inheritance:r",
        "/grant:r",
        `*${SID}:(OI)(CI)F`,
        "*S-1-5-18:(OI)(CI)F",
        "*S-1-5-32-544:(OI)(CI)F",
        "/q",
      ],
    ]);
  });

  test("is refused where Windows does not say who the user is, or does not close it", async () => {
    using place = new Place();
    for (const machine of [windows({ sid: "ERROR" }), windows({ icacls: false })]) {
      expect(await failure(makePrivateFolder(place.folder, machine))).toMatchObject({ code: "unsafe_file" });
    }
  });
});

test("a new private file takes the place of nothing, not even of a link that leads nowhere", async () => {
  using place = new Place();
  symlinkSync(join(place.folder, "victim"), place.file);
  await expect(writeNewPrivateFile(place.file, bytes("x"))).rejects.toMatchObject({ code: "EEXIST" });
  expect(readdirSync(place.folder)).toEqual(["file"]);
});
