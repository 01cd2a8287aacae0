import { BridgeError } from "./errors.ts";
import { type Surroundings, windowsProgram } from "./paths.ts";

/** The program that shows a page to the person; it gets the address as one argument, and no shell looks at that. */
export interface Browser {
  /**
   * Opens a page; whether a program took it. The address must be `https:`, or `http:` on this machine.
   *
   * @throws {BridgeError} `bad_url`
   */
  open(url: URL): Promise<boolean>;
}

/** A program that is still there after so long has taken the page, in ms. */
const TAKEN_AFTER_MS = 1_500;

/** Windows' own program as WSL sees it: where its drive is by default, and by PATH, which may be kept from WSL. */
const WSL_RUNDLL32 = ["/mnt/c/Windows/System32/rundll32.exe", "rundll32.exe"];

/** Variables that a browser needs to find its screen and its profile; everything else stays with us. */
const PASSED_ON =
  /^(?:PATH|HOME|USER|LOGNAME|SHELL|LANG|LC_\w+|TERM|TZ|TMPDIR|DISPLAY|XAUTHORITY|WAYLAND_DISPLAY|DBUS_SESSION_BUS_ADDRESS|XDG_\w+|DESKTOP_SESSION|GNOME_\w+|KDE_\w+|WSL_\w+|SYSTEMROOT|SYSTEMDRIVE|WINDIR|COMSPEC|PATHEXT|TEMP|TMP|USERNAME|USERPROFILE|HOMEDRIVE|HOMEPATH|APPDATA|LOCALAPPDATA|PROGRAMDATA|PROGRAMFILES|PROGRAMFILES\(X86\))$/i;

/** The person's browser: the program of `$BROWSER`, else what the system opens pages with. */
export function systemBrowser(surroundings: Surroundings): Browser {
  return {
    async open(url): Promise<boolean> {
      if (!isSafe(url)) {
        throw new BridgeError(
          "bad_url",
          `the sign-in page is not at an https address: ${JSON.stringify(url.protocol)}`,
          {
            hint: "tell whoever runs the server",
          },
        );
      }
      for (const argv of openers(url.href, surroundings)) if (await start(argv, surroundings)) return true;
      return false;
    },
  };
}

/**
 * The command lines that may open a page, the best one first. None is of a program that gives the address to a shell:
 * `wslview`, which WSL has for this, writes it between quotes in which PowerShell expands `$(...)`.
 */
export function openers(address: string, { platform, env }: Surroundings): string[][] {
  const href = harmless(address);
  const named = env["BROWSER"];
  if (named) return [fromVariable(named, href)];
  if (platform === "darwin") return [["open", href]];
  if (platform === "win32") return [[windowsProgram("rundll32.exe", env), "url.dll,FileProtocolHandler", href]];
  const ofWindows = env["WSL_DISTRO_NAME"] === undefined ? [] : WSL_RUNDLL32;
  return [...ofWindows.map((program) => [program, "url.dll,FileProtocolHandler", href]), ["xdg-open", href]];
}

/** What a shell expands between quotes: a program of `$BROWSER`, or one behind `xdg-open`, may hand it to one. */
function harmless(href: string): string {
  return href.replaceAll("$", "%24").replaceAll("`", "%60");
}

function isSafe(url: URL): boolean {
  return url.protocol === "https:" ||
    (url.protocol === "http:" && /^(?:localhost|\[::1\]|127\.\d+\.\d+\.\d+)$/.test(url.hostname));
}

/** A program's path, or words with `%s` for the address, which goes last where that is not said. */
function fromVariable(text: string, href: string): string[] {
  const words = Bun.which(text) === null ? text.split(/\s+/).filter(Boolean) : [text];
  const argv = words.map((word) => word === "%s" ? href : word);
  return argv.includes(href) ? argv : [...argv, href];
}

async function start(argv: string[], { env: all }: Surroundings): Promise<boolean> {
  const env = Object.fromEntries(Object.entries(all).filter(([name]) => PASSED_ON.test(name)));
  try {
    const program = Bun.spawn(argv, { env, stdin: "ignore", stdout: "ignore", stderr: "ignore", detached: true });
    program.unref();
    const code = await Promise.race([program.exited, Bun.sleep(TAKEN_AFTER_MS)]);
    return code === undefined || code === 0;
  } catch {
    return false;
  }
}
