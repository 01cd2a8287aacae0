/**
 * How executables for macOS are signed and notarised, with stand-ins for Apple's programs that write down what they are told.
 * What Apple's own say of it only a release shows.
 */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MACOS_IDENTIFIER } from "../../../scripts/release/macos_signature.ts";
import { ROOT } from "../../../scripts/release/product.ts";

const SECRETS = {
  CERTIFICATE: Buffer.from("the certificate").toString("base64"),
  CERTIFICATE_PASSWORD: "the password",
  IDENTITY: "Developer ID Application: Somebody (TEAM)",
  NOTARY_KEY: "the key of the notary",
  NOTARY_KEY_ID: "KEYID",
  NOTARY_ISSUER: "ISSUER",
};
/** Apple's programs: each writes its words down, and `xcrun` answers as a test wants. */
const STAND_INS = {
  security: "",
  codesign: "",
  ditto: "",
  xcrun: 'case "$2" in submit) printf "%s" "$ANSWER" ;; log) echo "the reasons" ;; esac; exit "${EXIT:-0}"',
  plutil: 'sed -n "s/.*\\"$2\\":\\"\\([^\\"]*\\)\\".*/\\1/p" "$6" | grep .',
};

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "signing-test-"));
  mkdirSync(join(folder, "scripts", "release"), { recursive: true });
  copyFileSync(join(ROOT, "scripts/release/sign_macos.sh"), join(folder, "scripts/release/sign_macos.sh"));
  for (const name of ["darwin-arm64", "darwin-x64"]) {
    mkdirSync(join(folder, "dist", "targets", name), { recursive: true });
    writeFileSync(join(folder, "dist", "targets", name, "mcp-bridge"), "");
  }
  mkdirSync(join(folder, "bin"));
  mkdirSync(join(folder, "tmp"));
  for (const [name, does] of Object.entries(STAND_INS)) {
    const text = `#!/bin/sh\necho "${name} $*" >>'${folder}/said'\n${does}\n`;
    writeFileSync(join(folder, "bin", name), text, { mode: 0o755 });
  }
});
afterEach(() => rmSync(folder, { recursive: true }));

/** What comes of it: how the script ended, what it said, and the words that Apple's programs were given. */
function sign(env: Record<string, string> = {}): { exitCode: number; said: string; given: string[] } {
  const run = Bun.spawnSync(["bash", join(folder, "scripts/release/sign_macos.sh")], {
    env: { ...SECRETS, PATH: `${folder}/bin:${process.env.PATH}`, TMPDIR: join(folder, "tmp"), ...env },
  });
  const given = readFileSync(join(folder, "said"), "utf8").split("\n");
  return { exitCode: run.exitCode, said: `${run.stdout}${run.stderr}`, given };
}
const ACCEPTED = { ANSWER: '{"id":"1-2","status":"Accepted"}' };

describe.skipIf(process.platform === "win32")("an executable for macOS (D3)", () => {
  test("is signed under a name that stays the same, hardened, with a time, and notarised", () => {
    const { exitCode, said, given } = sign(ACCEPTED);
    expect(said).toBe(
      ["signed", "notarised"].flatMap((done) =>
        ["arm64", "x64"].map((cpu) => `${done} dist/targets/darwin-${cpu}/mcp-bridge\n`)
      ).join(""),
    );
    expect(exitCode).toBe(0);
    const signed = given.filter((line) => line.startsWith("codesign --force"));
    expect(signed).toHaveLength(2);
    for (const line of signed) {
      // The keychain of a Mac asks anew for who has another name: this one is for ever.
      expect(line).toContain(" --identifier io.github.mcp-bridge ");
      expect(MACOS_IDENTIFIER).toBe("io.github.mcp-bridge");
      for (const words of ["--timestamp", "--options runtime", "--entitlements", `--sign ${SECRETS.IDENTITY}`]) {
        expect(line).toContain(words);
      }
    }
    expect(given.filter((line) => line.startsWith("xcrun notarytool submit"))).toHaveLength(2);
  });

  test("that Apple refuses stops the release, with Apple's reasons", () => {
    // The program's own exit code is 0 then, in some versions.
    for (const EXIT of ["0", "1"]) {
      const { exitCode, said } = sign({ ANSWER: '{"id":"1-2","status":"Invalid"}', EXIT });
      expect(said).toEndWith(
        "not notarised: Apple says 'Invalid' of dist/targets/darwin-arm64/mcp-bridge\nthe reasons\n",
      );
      expect(exitCode).toBe(1);
    }
  });

  test("that Apple says nothing of stops the release", () => {
    const { exitCode, said } = sign({ ANSWER: "", EXIT: "69" });
    expect(said).toContain("not notarised: Apple says 'nothing' of dist/targets/darwin-arm64/mcp-bridge\n");
    expect(exitCode).toBe(1);
  });

  test("is signed without a notary where there is no key for that, which is said", () => {
    const { exitCode, said, given } = sign({ NOTARY_KEY: "" });
    expect(said).toEndWith("not notarised: there is no secret MACOS_NOTARY_KEY\n");
    expect(exitCode).toBe(0);
    expect(given.some((line) => line.startsWith("xcrun"))).toBe(false);
  });

  test("leaves nothing of the secrets behind, and the key of the notary in no argument", () => {
    const { given } = sign(ACCEPTED);
    expect(given.join("\n")).not.toContain(SECRETS.NOTARY_KEY);
    expect(given.join("\n")).not.toContain(SECRETS.CERTIFICATE);
    expect(given.at(-2)).toStartWith("security delete-keychain ");
    const work = /-k (\S+)\/sign\.keychain-db/.exec(given.join("\n"))![1]!;
    expect(existsSync(work)).toBe(false);
  });
});
