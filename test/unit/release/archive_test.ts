import { expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Entry, packTarXz, packZip } from "../../../scripts/release/archive.ts";

const TIME = new Date("2026-11-23T08:00:00Z");
const ENTRIES: Entry[] = [
  { path: "mcp-bridge", content: "program", isExecutable: true },
  { path: "README.md", content: "read me" },
  { path: "completions/_mcp-bridge", content: "complete" },
];

function inFolder<Result>(use: (folder: string) => Result): Result {
  const folder = mkdtempSync(join(tmpdir(), "archive-test-"));
  try {
    return use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function output(...command: string[]): string {
  return Bun.spawnSync(command, { env: { ...process.env, TZ: "UTC" } }).stdout.toString();
}

test.skipIf(process.platform !== "linux")(
  "a .tar.xz has its files in one folder, with no owner, one time, and modes of its own",
  () => {
    inFolder((folder) => {
      const file = join(folder, "a.tar.xz");
      packTarXz(file, "top", ENTRIES, TIME, 1);
      const list = output("tar", "--list", "--verbose", "--numeric-owner", "--file", file).trim().split("\n");
      expect(list.map((line) => line.replaceAll(/ +/g, " "))).toEqual([
        "-rw-r--r-- 0/0 7 2026-11-23 08:00 top/README.md",
        "-rw-r--r-- 0/0 8 2026-11-23 08:00 top/completions/_mcp-bridge",
        "-rwxr-xr-x 0/0 7 2026-11-23 08:00 top/mcp-bridge",
      ]);
    });
  },
);

test.skipIf(process.platform !== "linux")(
  "a .tar.xz of the same files is the same, whatever the umask and the order",
  () => {
    inFolder((folder) => {
      const [one, other] = [join(folder, "1"), join(folder, "2")];
      packTarXz(one, "top", ENTRIES, TIME, 1);
      const umask = process.umask(0o077);
      packTarXz(other, "top", ENTRIES.toReversed(), TIME, 1);
      process.umask(umask);
      expect(readFileSync(other).equals(readFileSync(one))).toBe(true);
    });
  },
);

test("a .zip of the same files is the same, whatever the order", () => {
  expect(packZip("top", ENTRIES.toReversed(), TIME, 1)).toEqual(packZip("top", ENTRIES, TIME, 1));
});

test("a .zip is the same in every time zone", () => {
  const packed = ["Pacific/Auckland", "America/Los_Angeles", "UTC"].map((zone) => {
    const script = `import { packZip } from ${
      JSON.stringify(join(import.meta.dir, "../../../scripts/release/archive.ts"))
    };
      process.stdout.write(packZip("top", ${JSON.stringify(ENTRIES)}, new Date(${TIME.getTime()}), 1));`;
    return Bun.spawnSync([process.execPath, "-e", script], { env: { ...process.env, TZ: zone } }).stdout.toString(
      "hex",
    );
  });
  expect(packed[0]).toMatch(/^504b/);
  expect(new Set(packed).size).toBe(1);
});

test.skipIf(Bun.which("unzip") === null)("a .zip unpacks to the same files, the executable one executable", () => {
  inFolder((folder) => {
    const file = join(folder, "a.zip");
    writeFileSync(file, packZip("top", ENTRIES, TIME, 9));
    expect(output("unzip", "-Z", "-s", file)).toMatch(/^-rwxr-xr-x .* 26-Nov-23 08:00 top\/mcp-bridge$/m);
    expect(output("unzip", "-p", file, "top/README.md")).toBe("read me");
  });
});
