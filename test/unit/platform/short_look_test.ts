import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { chmodSync, linkSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lookAt } from "../../../src/platform/short_look.ts";

const uid = process.getuid?.();
const MACHINE = { platform: process.platform, uid };
let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(realpathSync(tmpdir()), "mcp-bridge-look-"));
  file = join(folder, "file");
});
afterEach(() => rmSync(folder, { recursive: true }));

describe.skipIf(process.platform === "win32")("a short look at a file", () => {
  test("finds nothing where there is none, whatever is missing", async () => {
    expect(await lookAt(folder, file, "file")).toBe("absent");
    expect(await lookAt(join(folder, "none"), join(folder, "none", "file"), "file")).toBe("absent");
  });

  test("knows the user's own, closed to others, in a folder that nobody else writes to", async () => {
    writeFileSync(file, "", { mode: 0o600 });
    expect(await lookAt(folder, file, "file", MACHINE)).toBe("ours");
  });

  test.each<[string, () => void]>([
    ["open to others", () => chmodSync(file, 0o644)],
    ["in a folder that others write to", () => chmodSync(folder, 0o770)],
    ["with a second name", () => linkSync(file, `${file}-more`)],
    ["in place of which stands a folder", () => {
      rmSync(file);
      mkdirSync(file);
    }],
  ])("is in doubt about one %s", async (_what, make) => {
    writeFileSync(file, "", { mode: 0o600 });
    make();
    expect(await lookAt(folder, file, "file", MACHINE)).toBe("doubtful");
  });

  test("is in doubt about another user's, about a file in place of a socket, and on Windows", async () => {
    writeFileSync(file, "", { mode: 0o600 });
    expect(await lookAt(folder, file, "file", { ...MACHINE, uid: uid! + 1 })).toBe("doubtful");
    expect(await lookAt(folder, file, "socket", MACHINE)).toBe("doubtful");
    expect(await lookAt(folder, file, "file", { platform: "win32", uid: undefined })).toBe("doubtful");
  });
});
