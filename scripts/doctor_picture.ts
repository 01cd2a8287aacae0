/**
 * Draws what `mcp-bridge doctor` says, for the README: `bun scripts/doctor_picture.ts`, on Linux, once the executable is
 * built. It is run on a machine that is made for that, in namespaces of its own: a home, a client and three servers.
 */
import { chmodSync, copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { systemClock } from "../src/platform/clock.ts";
import { openVault } from "../src/vault/vault.ts";
import { type Certificate, Certificates } from "../test/harness/certificates.ts";
import { FakeKeychain } from "../test/harness/fake_keychain.ts";
import { FakeMcp } from "../test/harness/fake_mcp.ts";
import { TerminalSession } from "../test/harness/terminal_session.ts";
import { EXECUTABLE } from "./build.ts";
import { terminalSvg } from "./terminal_svg.ts";

const PICTURE = join(import.meta.dir, "..", ".github", "doctor.svg");
const HOME = "/home/you";
const PROGRAMS = join(HOME, "bin");
const STATE = join(HOME, ".local", "state", "mcp-bridge");
const COLUMNS = 104;
const INSIDE = "--inside";

const NAMES = "127.0.0.1 localhost mcp.example.com\n127.0.0.2 tickets.example.com\n";
const SERVERS = {
  linear: { url: "https://mcp.example.com/mcp" },
  tickets: { url: "https://tickets.example.com/mcp" },
  files: { command: "mcp-files", args: ["/srv"] },
};
/** A client that was told of an executable which is gone. */
const CURSOR = { linear: { command: "/opt/old/mcp-bridge", args: ["linear"] } };

/** The machine: a loopback device, an empty /home, and a file of names in the place of the system's. */
const MACHINE = `ip link set lo up && mount -t tmpfs none /home && mount --bind "$0" /etc/hosts && exec "$@"`;

/** Runs this script once more, on the machine. */
function goInside(): number {
  using certificates = new Certificates();
  const hosts = join(dirname(certificates.authority.cert), "hosts");
  writeFileSync(hosts, NAMES);
  const again = [process.execPath, import.meta.path, INSIDE];
  const { exitCode } = Bun.spawnSync(["unshare", "-rmn", "sh", "-c", MACHINE, hosts, ...again], {
    stdio: ["inherit", "inherit", "inherit"],
  });
  return exitCode;
}

async function takePicture(): Promise<void> {
  using certificates = new Certificates("Example Root CA");
  using _sound = new FakeMcp(443, tlsOf(certificates.sign("mcp.example.com", "DNS:mcp.example.com", 90)));
  const tls = tlsOf(certificates.sign("tickets.example.com", "DNS:tickets.example.com", -1));
  const expired = Bun.serve({ hostname: "127.0.0.2", port: 443, tls, fetch: () => new Response() });
  await furnish();
  const env = {
    HOME,
    PATH: `${PROGRAMS}:/usr/bin:/bin`,
    DISPLAY: ":0",
    MCP_BRIDGE_VAULT_KEY: "file",
    NODE_EXTRA_CA_CERTS: certificates.authority.cert,
  };
  const argv = [join(PROGRAMS, "mcp-bridge"), "doctor"];
  await using session = new TerminalSession(argv, { env, cwd: HOME, columns: COLUMNS });
  await session.exit();
  await expired.stop(true);
  writeFileSync(PICTURE, terminalSvg(`$ mcp-bridge doctor\n${session.shown}`, "mcp-bridge doctor in a terminal"));
}

function tlsOf({ cert, key }: Certificate): Bun.TLSOptions {
  return { cert: Bun.file(cert), key: Bun.file(key) };
}

/** Puts into the home what a person has there. */
async function furnish(): Promise<void> {
  mkdirSync(PROGRAMS, { recursive: true });
  copyFileSync(EXECUTABLE, join(PROGRAMS, "mcp-bridge"));
  for (const name of ["xdg-open", "mcp-files"]) {
    write(join(PROGRAMS, name), "#!/bin/sh\n");
    chmodSync(join(PROGRAMS, name), 0o755);
  }
  write(join(HOME, ".config", "mcp-bridge", "servers.json"), JSON.stringify({ mcpServers: SERVERS }));
  write(join(HOME, ".cursor", "mcp.json"), JSON.stringify({ mcpServers: CURSOR }, null, 2));
  const options = { folder: STATE, keychain: new FakeKeychain(), clock: systemClock, notify: () => {} };
  const vault = openVault({ ...options, keyKind: "file" });
  for (const key of ["linear", "tickets"]) await vault.put("tokens", key, "a token");
  vault.close();
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeFileSync(path, text, { mode: 0o600 });
}

if (import.meta.main) {
  if (process.argv.includes(INSIDE)) await takePicture();
  else process.exitCode = goInside();
}
