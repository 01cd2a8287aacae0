/** Addresses of sign-in pages that would be commands, if a shell ever saw them (CVE-2025-6514). */
import { describe, expect, test } from "bun:test";
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openers, systemBrowser } from "../../src/platform/browser.ts";
import { Home } from "../harness/home.ts";
import { discovered, failureOf } from "../unit/auth/rig.ts";

const MARKER = "/tmp/mcp-bridge-a1-marker";
const COMMAND = `touch ${MARKER}`.replace(" ", "${IFS}");

/** What ends a word, or begins a command, in some shell. */
const WAYS: readonly string[] = [
  `$(${COMMAND})`,
  `\`${COMMAND}\``,
  `;${COMMAND};`,
  `&${COMMAND}&`,
  `&&${COMMAND}`,
  `|${COMMAND}`,
  `||${COMMAND}`,
  `'${COMMAND}'`,
  `"${COMMAND}"`,
  `';${COMMAND};'`,
  `";${COMMAND};"`,
  `%0A${COMMAND}`,
  `^&calc.exe`,
  `%COMSPEC%`,
  `!calc!`,
  `\${IFS}${COMMAND}`,
  `>${MARKER}`,
  `<(${COMMAND})`,
  `--new-window`,
  `-aCalculator`,
  `*?[a-z]`,
];

/** The systems, by the environment that tells them apart, and all that may stand before an address there. */
const SYSTEMS: readonly [system: string, NodeJS.Platform, env: Record<string, string>, programs: string[]][] = [
  ["macOS", "darwin", {}, ["open"]],
  ["Windows", "win32", {}, ["C:\\Windows\\System32\\rundll32.exe url.dll,FileProtocolHandler"]],
  ["Linux", "linux", {}, ["xdg-open"]],
  ["WSL", "linux", { WSL_DISTRO_NAME: "Debian" }, [
    "/mnt/c/Windows/System32/rundll32.exe url.dll,FileProtocolHandler",
    "rundll32.exe url.dll,FileProtocolHandler",
    "xdg-open",
  ]],
  // Hands the address to PowerShell, between double quotes.
  ["WSL with a program of wslu's in $BROWSER", "linux", { WSL_DISTRO_NAME: "Debian", BROWSER: "wslview" }, ["wslview"]],
];

/** In each part of an address that a server may choose. */
const PAGES: readonly string[] = [
  ...WAYS.map((way) => `https://as.example.com/${way}`),
  ...WAYS.map((way) => `https://as.example.com/authorize?next=${way}`),
  ...WAYS.slice(0, 12).map((way) => `https://${way}@as.example.com/`),
  ...WAYS.slice(0, 12).map((way) => `https://${way.replace(MARKER, "x")}@as.example.com/`),
  ...WAYS.slice(0, 12).map((way) => `https://${way.replace(MARKER, "x")}.as.example.com/`),
  "https://$(calc).as.example.com/",
  'https://a"b.as.example.com/',
  "https://as.example.com/\ntouch",
  "https://as.example.com/\r\n&calc",
  "https://as.example.com/ -a Calculator",
  `https://as.example.com/${"x".repeat(2_049)}`,
];

async function shownAddress(page: string): Promise<URL | undefined> {
  try {
    return new URL((await discovered({ "authorization_endpoint": page })).metadata.authorizationEndpoint!);
  } catch {
    return undefined;
  }
}

/** As it is handed over: nothing in it that a shell expands between double quotes. */
function handedOver(url: URL): string {
  return url.href.replaceAll("$", "%24").replaceAll("`", "%60");
}

describe("a sign-in page is one https address and one argument, or it is refused", () => {
  for (const [system, platform, env, programs] of SYSTEMS) {
    test.each(PAGES)(`on ${system}: %j`, async (page) => {
      const url = await shownAddress(page);
      if (url === undefined) {
        expect((await failureOf(discovered({ "authorization_endpoint": page }))).code).toBe("unsafe_address");
        return;
      }
      expect([url.protocol, url.hostname]).toEqual(["https:", "as.example.com"]);
      const argvs = openers(url.href, { platform, env });
      expect(argvs.map((argv) => argv.slice(0, -1).join(" "))).toEqual(programs);
      // A word that begins with a dash would be an option of the program.
      for (const argv of argvs) {
        expect(argv.at(-1)).toBe(handedOver(url));
        expect(argv.at(-1)).toMatch(/^https:\/\/[^$`"]*$/);
      }
    });
  }
});

test.skipIf(process.platform === "win32")("no command in a page that is opened is carried out", async () => {
  using home = new Home();
  const [program, record] = [join(home.folder, "browser"), join(home.folder, "record")];
  // A script that is careless with its argument would carry it out; the argument comes to it as it is all the same.
  writeFileSync(program, `#!/bin/sh\nprintf '%s\\n' "$#" "$@" >> '${record}'\n`);
  chmodSync(program, 0o700);
  const browser = systemBrowser({ platform: "linux", env: { PATH: process.env["PATH"], BROWSER: program } });
  const urls = (await Promise.all(PAGES.map(shownAddress))).filter((url) => url !== undefined);
  expect(urls.length).toBeGreaterThan(2 * WAYS.length - 8);
  for (const url of urls) expect(await browser.open(url)).toBe(true);
  expect(readFileSync(record, "utf8")).toBe(urls.map((url) => `1\n${handedOver(url)}\n`).join(""));
  expect(existsSync(MARKER)).toBe(false);
});
