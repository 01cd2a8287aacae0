import { describe, expect, test } from "bun:test";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openers, systemBrowser } from "../../../src/platform/browser.ts";
import { headlessReason } from "../../../src/platform/desktop.ts";
import { Home } from "../../harness/home.ts";

const PAGE = "https://as.example/authorize?client_id=a&state=b";

/** Addresses that would do harm in a shell. */
const AWKWARD = [
  "https://a$(calc)b@h/",
  "https://h/`id`",
  "https://h/?a=1&b=2&calc.exe",
  "https://h/|id",
  "https://h/;id",
  "https://h/'\"'",
  "https://h/%0Aid",
  "https://h/^&%PATH%",
  `https://h/${"x".repeat(2_049)}`,
];

/** A program that writes its arguments and its environment down. */
function recorder(home: Home, exitCode = 0): { program: string; record: string } {
  const [program, record] = [join(home.folder, "my browser"), join(home.folder, "record")];
  const lines = [
    "#!/bin/sh",
    `{ printf '%s\\n' "$#" "$@"; env; } > '${record}.part'`,
    `mv '${record}.part' '${record}'`,
  ];
  writeFileSync(program, [...lines, `exit ${exitCode}`, ""].join("\n"));
  chmodSync(program, 0o700);
  return { program, record };
}

describe("openers", () => {
  test.each<[string, NodeJS.Platform, Record<string, string>, string[][]]>([
    ["macOS", "darwin", {}, [["open", PAGE]]],
    ["Windows", "win32", { SystemRoot: "D:\\Windows" }, [[
      // By its whole path: who plants a file of that name in the folder that we start in starts nothing.
      "D:\\Windows\\System32\\rundll32.exe",
      "url.dll,FileProtocolHandler",
      PAGE,
    ]]],
    ["Linux", "linux", {}, [["xdg-open", PAGE]]],
    ["WSL", "linux", { WSL_DISTRO_NAME: "Debian" }, [
      // Windows' PATH may be kept from WSL.
      ["/mnt/c/Windows/System32/rundll32.exe", "url.dll,FileProtocolHandler", PAGE],
      ["rundll32.exe", "url.dll,FileProtocolHandler", PAGE],
      ["xdg-open", PAGE],
    ]],
    ["a program of $BROWSER", "darwin", { BROWSER: "firefox --new-tab" }, [["firefox", "--new-tab", PAGE]]],
    ["a program of $BROWSER with a place", "linux", { BROWSER: "x --url %s -q" }, [["x", "--url", PAGE, "-q"]]],
  ])(
    "on %s",
    (_name, platform, environment, argvs) => expect(openers(PAGE, { platform, env: environment })).toEqual(argvs),
  );

  test.each(AWKWARD)("hands %p over as one argument, on every system", (text) => {
    const { href } = new URL(text);
    const harmless = href.replaceAll("$", "%24").replaceAll("`", "%60");
    for (const platform of ["darwin", "win32", "linux"] as const) {
      for (const env of [{}, { WSL_DISTRO_NAME: "Debian" }, { BROWSER: "wslview" }]) {
        for (const argv of openers(href, { platform, env })) expect(argv.slice(argv.length - 1)).toEqual([harmless]);
        const words = openers(href, { platform, env }).flatMap((argv) => argv.slice(0, -1)).join(" ");
        expect(words).not.toMatch(/h\/|[$`]/);
      }
    }
  });
});

describe("systemBrowser", () => {
  test("starts the program of $BROWSER, whose path may hold blanks, with the address and without our secrets", async () => {
    using home = new Home();
    const { program, record } = recorder(home);
    const environment = {
      PATH: process.env["PATH"],
      BROWSER: program,
      DISPLAY: ":7",
      API_KEY: "hunter2",
      HTTPS_PROXY: "p",
    };
    expect(await systemBrowser({ platform: "linux", env: environment }).open(new URL(PAGE))).toBe(true);
    const [count, address, ...rest] = (await Bun.file(record).text()).split("\n");
    expect([count, address]).toEqual(["1", PAGE]);
    expect(rest).toContain("DISPLAY=:7");
    expect(rest.join("\n")).not.toMatch(/hunter2|HTTPS_PROXY/);
  });

  test("tells that nothing took the page: a program that fails, and one that is not there", async () => {
    using home = new Home();
    for (const BROWSER of [recorder(home, 3).program, "/no/such/browser"]) {
      const environment = { PATH: process.env["PATH"], BROWSER };
      expect(await systemBrowser({ platform: "linux", env: environment }).open(new URL(PAGE))).toBe(false);
    }
  });

  test.each([
    "javascript:alert(1)",
    "data:text/html,x",
    "file:///etc/passwd",
    "vbscript:x",
    "ms-msdt:/id",
    "http://as.example/authorize",
    "http://127.0.0.1.evil.example/",
    "ftp://h/",
  ])("opens no %p", async (text) => {
    using home = new Home();
    const { program, record } = recorder(home);
    const environment = { PATH: process.env["PATH"], BROWSER: program };
    const refusal = await systemBrowser({ platform: "linux", env: environment }).open(new URL(text)).catch((thrown) =>
      thrown
    );
    expect(refusal.code).toBe("bad_url");
    expect(await Bun.file(record).exists()).toBe(false);
  });
});

describe("headlessReason", () => {
  test.each<[NodeJS.Platform, Record<string, string>, ReturnType<typeof headlessReason>]>([
    ["linux", { DISPLAY: ":0" }, undefined],
    ["linux", { WAYLAND_DISPLAY: "wayland-0" }, undefined],
    ["linux", {}, "no_display"],
    ["linux", { WSL_DISTRO_NAME: "Debian" }, undefined],
    ["linux", { SSH_CONNECTION: "a" }, "ssh"],
    ["linux", { SSH_CONNECTION: "a", DISPLAY: "localhost:10" }, undefined],
    ["linux", { SSH_TTY: "/dev/pts/1", BROWSER: "lynx" }, undefined],
    ["darwin", {}, undefined],
    ["darwin", { SSH_CONNECTION: "a" }, "ssh"],
    ["win32", {}, undefined],
  ])("on %s with %o is %p", (platform, environment, reason) => {
    expect(headlessReason({ platform, env: environment })).toBe(reason);
  });
});
