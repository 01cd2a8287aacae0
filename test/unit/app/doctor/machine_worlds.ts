import { Database } from "bun:sqlite";
import { chmodSync, linkSync, mkdirSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import type { World } from "../../../../src/app/doctor/world.ts";
import { foldersOf } from "../../../../src/platform/paths.ts";
import type { KeychainAnswer, KeychainDone } from "../../../../src/platform/keychain.ts";
import { BridgeError } from "../../../../src/platform/errors.ts";
import { placeOfSocket } from "../../../../src/app/meeting_point.ts";
import { withFileLock } from "../../../../src/vault/lock.ts";
import type { Vault } from "../../../../src/vault/vault.ts";
import { type Changes, doctorWorld } from "../../../harness/doctor_world.ts";
import { FakeKeychain, type Mood } from "../../../harness/fake_keychain.ts";
import type { FailingWorld } from "./failing_world.ts";

type Stack = AsyncDisposableStack;

/** A world that is said by what differs from a sound one. */
function changed(changes: Changes): FailingWorld["world"] {
  return (stack) => doctorWorld(stack, changes);
}

/** The folder of the vault, which is made. */
function stateIn(world: World): string {
  const { state } = foldersOf(world.state.surroundings);
  mkdirSync(state, { recursive: true, mode: 0o700 });
  return state;
}

/** A file of ours that other users may read, made by `write`. */
function fileAt(path: string, text: string): string {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}

function configIn(world: World): string {
  return join(foldersOf(world.state.surroundings).config, "servers.json");
}

function withServers(text: string): FailingWorld["world"] {
  return (stack) => {
    const world = doctorWorld(stack);
    fileAt(configIn(world), text);
    return world;
  };
}

/** A world with a vault that holds one row, to be spoiled by `spoil`. */
function withVault(spoil: (file: string, world: World) => void, changes: Changes = {}): FailingWorld["world"] {
  return async (stack) => {
    const world = doctorWorld(stack, changes);
    await world.vault().put("tokens", "a", "x".repeat(9_000));
    const { file } = await world.vault().status();
    // The vault's own memory of its key is not that of a process which has just started.
    world.vault().close();
    spoil(file, world);
    return world;
  };
}

function sql(file: string, ...statements: string[]): void {
  using database = new Database(file);
  for (const statement of statements) database.run(statement);
}

/** A world whose vault behaves as `parts` say. */
function withStrangeVault(parts: Partial<Vault>): FailingWorld["world"] {
  return async (stack) => {
    const world = doctorWorld(stack);
    await world.vault().put("tokens", "a", 1);
    const vault = { ...world.vault(), ...parts };
    return { ...world, vault: () => vault };
  };
}

function refusing(code: "vault_unwritable" | "vault_busy" | "vault_newer"): () => Promise<never> {
  return () => Promise.reject(new BridgeError(code, "the vault does not let us", { hint: "try again" }));
}

function inMood(mood: Mood): FakeKeychain {
  const keychain = new FakeKeychain();
  keychain.mood = mood;
  return keychain;
}

/** A keychain that gives back something else. */
class ForgetfulKeychain extends FakeKeychain {
  override set(): Promise<KeychainDone> {
    return Promise.resolve({ kind: "done" });
  }
  override get(): Promise<KeychainAnswer> {
    return Promise.resolve({ kind: "key", key: new Uint8Array(32) });
  }
}

/** A keychain that asks for its password in a window. */
class AskingKeychain extends FakeKeychain {
  override get(): Promise<KeychainAnswer> {
    return new Promise(() => {});
  }
}

/** A world with a file of Cursor. */
function withCursor(entry: unknown, changes: Changes = {}): FailingWorld["world"] {
  return (stack) => {
    const world = doctorWorld(stack, changes);
    const text = typeof entry === "string" ? entry : JSON.stringify({ mcpServers: { linear: entry } });
    fileAt(join(world.home!, ".cursor", "mcp.json"), text);
    return world;
  };
}

/** A world in which somebody listens where `serve` is met, and answers with `answer`. */
function withServe(answer: string | undefined): FailingWorld["world"] {
  return async (stack) => {
    const world = doctorWorld(stack);
    stateIn(world);
    const server = createServer((socket) => {
      socket.on("data", () => answer === undefined ? undefined : socket.write(`${answer}\n`));
      socket.on("error", () => {});
      stack.defer(() => void socket.destroy());
    });
    const { path } = placeOfSocket(world.state.surroundings);
    await new Promise<void>((resolve) => server.listen(path, resolve));
    chmodSync(path, 0o600);
    stack.defer(() => void server.close());
    return world;
  };
}

/** Worlds that differ in the machine. */
export const MACHINE_WORLDS: readonly FailingWorld[] = [
  {
    code: "environment",
    fault: "lets_others_in",
    name: "BUN_OPTIONS preloads a script",
    world: changed({ env: { BUN_OPTIONS: "--preload ./evil.ts" } }),
  },
  {
    code: "environment",
    fault: "lets_others_in",
    name: "a library is preloaded",
    world: changed({ env: { LD_PRELOAD: "/tmp/evil.so" } }),
  },
  {
    code: "environment",
    fault: "reveals_tokens",
    name: "requests are printed with their tokens",
    world: changed({ env: { BUN_CONFIG_VERBOSE_FETCH: "curl" } }),
  },
  {
    code: "environment",
    fault: "keys_written",
    name: "keys of connections are written down",
    world: changed({ env: { SSLKEYLOGFILE: "/tmp/keys" } }),
  },
  {
    code: "environment",
    fault: "unchecked_certificates",
    name: "any certificate is to be trusted",
    world: changed({ env: { NODE_TLS_REJECT_UNAUTHORIZED: "0" } }),
  },
  {
    code: "file-places",
    fault: "no_home",
    name: "HOME is not set",
    world: changed({ env: { HOME: undefined, USERPROFILE: undefined } }),
  },
  {
    code: "file-places",
    fault: "no_home",
    name: "MCP_BRIDGE_HOME is a relative path",
    world: changed({ env: { MCP_BRIDGE_HOME: "state" } }),
  },
  {
    code: "file-places",
    fault: "unsafe_file",
    name: "the folder of the vault is a link",
    world(stack: Stack): World {
      const world = doctorWorld(stack);
      const folder = stateIn(world);
      const linked = `${folder}-link`;
      symlinkSync(folder, linked);
      return doctorWorld(stack, { env: { MCP_BRIDGE_HOME: linked } });
    },
  },
  {
    code: "file-places",
    fault: "unsafe_file",
    name: "the folder of the vault is another user's",
    world(stack: Stack): World {
      const world = doctorWorld(stack, { uid: (process.getuid?.() ?? 0) + 1 });
      stateIn(world);
      return world;
    },
  },
  {
    code: "file-places",
    fault: "not_writable",
    name: "the folder would be in a place where nothing can be made",
    world: changed({ env: { MCP_BRIDGE_HOME: "/dev/null/mcp-bridge" } }),
  },
  {
    code: "file-modes",
    fault: "open_to_others",
    name: "the vault is readable by others",
    world: withVault((file) => chmodSync(file, 0o644)),
  },
  {
    code: "file-modes",
    fault: "list_open",
    name: "servers.json is readable by others",
    world(stack: Stack): World {
      const world = doctorWorld(stack);
      chmodSync(fileAt(configIn(world), "{}"), 0o644);
      return world;
    },
  },
  {
    code: "file-modes",
    fault: "unsafe_file",
    name: "the vault has a second name",
    world: withVault((file) => linkSync(file, `${file}.copy`)),
  },
  {
    code: "disk-space",
    fault: "full",
    name: "nothing is free",
    world: changed({ doors: { freeBytes: () => Promise.resolve(4_096) } }),
  },
  {
    code: "disk-space",
    fault: "nearly_full",
    name: "little is free",
    world: changed({ doors: { freeBytes: () => Promise.resolve(20 * 2 ** 20) } }),
  },
  ...(["absent", "locked"] as const).map((mood): FailingWorld => ({
    code: "keychain",
    fault: mood,
    name: `the vault's key is in it, and it is ${mood}`,
    world: changed({ keyKind: "keychain", doors: { keychain: inMood(mood) } }),
  })),
  {
    code: "keychain",
    fault: "locked",
    name: "it lets nobody in",
    world: changed({ doors: { keychain: inMood("denied") } }),
  },
  {
    code: "keychain",
    fault: "not_kept",
    name: "it gives back something else",
    world: changed({ doors: { keychain: new ForgetfulKeychain() } }),
  },
  {
    code: "keychain",
    fault: "timed_out",
    name: "it asks in a window that nobody sees",
    limit: 50,
    world: changed({ doors: { keychain: new AskingKeychain() } }),
  },
  {
    code: "vault-opens",
    fault: "vault_locked",
    name: "the keychain is locked",
    world: withVault((_, { doors: { keychain } }) => void ((keychain as FakeKeychain).mood = "locked")),
  },
  {
    code: "vault-opens",
    fault: "vault_damaged",
    name: "the vault is cut off",
    world: withVault((file) => truncateSync(file, 5_000)),
  },
  {
    code: "vault-opens",
    fault: "rows_damaged",
    name: "a row is not what was written",
    world: withVault((file) => sql(file, "UPDATE sealed SET content = zeroblob(length(content))")),
  },
  {
    code: "vault-opens",
    fault: "vault_newer",
    name: "a later version has written it",
    world: withVault((file) => sql(file, "PRAGMA user_version = 99")),
  },
  {
    code: "vault-opens",
    fault: "vault_unwritable",
    name: "the system does not let it be read",
    world: withStrangeVault({ status: refusing("vault_unwritable") }),
  },
  {
    code: "vault-opens",
    fault: "vault_busy",
    name: "another process keeps it",
    world: withStrangeVault({ status: refusing("vault_busy") }),
  },
  {
    code: "vault-locks",
    fault: "timed_out",
    name: "a lock is never given",
    limit: 100,
    async world(stack: Stack): Promise<World> {
      const world = doctorWorld(stack);
      const held = Promise.withResolvers<void>();
      const taken = Promise.withResolvers<void>();
      const lock = withFileLock(`${stateIn(world)}/doctor.lock`, () => {
        taken.resolve();
        return held.promise;
      }, { clock: world.clock });
      stack.defer(async () => {
        held.resolve();
        await lock;
      });
      await taken.promise;
      return world;
    },
  },
  {
    code: "vault-locks",
    fault: "unsafe_file",
    name: "a folder stands in the place of a lock",
    world(stack: Stack): World {
      const world = doctorWorld(stack);
      mkdirSync(`${stateIn(world)}/doctor.lock`);
      return world;
    },
  },
  {
    code: "vault-locks",
    fault: "vault_unwritable",
    name: "no file can be made",
    world: changed({ env: { MCP_BRIDGE_HOME: "/proc/self" } }),
  },
  {
    code: "vault-locks",
    fault: "network_drive",
    name: "the home is on NFS",
    world(stack: Stack): World {
      const world = doctorWorld(stack, { doors: { networkDrive: () => Promise.resolve("NFS") } });
      stateIn(world);
      return world;
    },
  },
  {
    code: "vault-secret",
    fault: "vault_unwritable",
    name: "the disk takes no more",
    world: withStrangeVault({ put: refusing("vault_unwritable") }),
  },
  {
    code: "vault-secret",
    fault: "not_kept",
    name: "what was written is not there",
    world: withStrangeVault({ get: () => Promise.resolve(undefined) }),
  },
  {
    code: "proxy",
    fault: "contradictory",
    name: "small letters and capitals differ",
    world: changed({ env: { https_proxy: "http://a.invalid:1", HTTPS_PROXY: "http://b.invalid:1" } }),
  },
  {
    code: "proxy",
    fault: "bad_address",
    name: "a SOCKS proxy is named",
    world: changed({ env: { HTTPS_PROXY: "socks5://proxy.invalid:1080" } }),
  },
  {
    code: "proxy",
    fault: "one_sided",
    name: "plain http alone goes by a proxy",
    world: changed({ env: { HTTP_PROXY: "http://proxy.invalid:3128" } }),
  },
  {
    code: "proxy",
    fault: "all_excepted",
    name: "NO_PROXY is a star",
    world: changed({ env: { HTTPS_PROXY: "http://proxy.invalid:3128", NO_PROXY: "*" } }),
  },
  {
    code: "loopback",
    fault: "refused",
    name: "a sandbox lets nobody listen",
    world: changed({ doors: { tryPort: () => Promise.resolve("EPERM") } }),
  },
  {
    code: "browser",
    fault: "bad_variable",
    name: "BROWSER names what is not there",
    world: changed({ env: { BROWSER: "netscape" }, doors: { which: () => undefined } }),
  },
  {
    code: "browser",
    fault: "ssh",
    name: "the session is remote",
    world: changed({
      platform: "linux",
      env: { BROWSER: "", DISPLAY: "", SSH_CONNECTION: "192.0.2.1 1 192.0.2.2 22" },
    }),
  },
  {
    code: "browser",
    fault: "no_display",
    name: "there is no screen",
    world: changed({ platform: "linux", env: { BROWSER: "", DISPLAY: "" } }),
  },
  {
    code: "browser",
    fault: "no_opener",
    name: "nothing opens pages",
    world: changed({ platform: "linux", env: { BROWSER: "" }, doors: { which: () => undefined } }),
  },
  {
    code: "serve",
    fault: "unsafe_file",
    name: "a folder stands where it is met",
    world(stack: Stack): World {
      const world = doctorWorld(stack);
      stateIn(world);
      mkdirSync(placeOfSocket(world.state.surroundings).path);
      return world;
    },
  },
  {
    code: "serve",
    fault: "other_version",
    name: "it is of another version",
    world: withServe('{"refused":"no","version":"99.0.0"}'),
  },
  { code: "serve", fault: "no_answer", name: "it answers nothing", world: withServe(undefined) },
  {
    code: "servers-file",
    fault: "bad_registry",
    name: "it does not parse",
    world: withServers('{"mcpServers": {'),
  },
  {
    code: "servers-file",
    fault: "bad_entry",
    name: "an entry has no address",
    world: withServers('{"mcpServers": {"linear": {"url": "linear"}, "good": {"url": "https://server.invalid/"}}}'),
  },
  {
    code: "servers-file",
    fault: "unreadable_file",
    name: "the system does not let it be read",
    world(stack: Stack): World {
      const world = doctorWorld(stack);
      // A name in a path that is longer than any name may be.
      const env = { ...world.env, MCP_BRIDGE_HOME: `/${"x".repeat(300)}` };
      return { ...world, env, state: { ...world.state, surroundings: { ...world.state.surroundings, env } } };
    },
  },
  {
    code: "servers-file",
    fault: "unsafe_file",
    name: "it is a link",
    world(stack: Stack): World {
      const world = doctorWorld(stack);
      const file = configIn(world);
      symlinkSync(fileAt(`${file}.target`, "{}"), file);
      return world;
    },
  },
  {
    code: "clients",
    fault: "bad_client_file",
    name: "the file of a client does not parse",
    world: withCursor('{"mcpServers": {'),
  },
  {
    code: "clients",
    fault: "program_missing",
    name: "a client starts us where we are not",
    world: withCursor({ command: "/opt/gone/mcp-bridge", args: ["https://server.invalid/"] }),
  },
  {
    code: "clients",
    fault: "program_missing",
    name: "a client starts us by a name that is not in PATH",
    world: withCursor({ command: "mcp-bridge", args: [] }, { doors: { which: () => undefined } }),
  },
  {
    code: "clients",
    fault: "not_in_desktop_path",
    name: "a client of the desktop starts us by our name, and we are in a folder of the shell's",
    world: withCursor({ command: "mcp-bridge", args: [] }, {
      platform: "linux",
      doors: { which: (name, path) => path?.startsWith("/usr/local/sbin:") ? undefined : `/home/me/bin/${name}` },
    }),
  },
  {
    code: "clients",
    fault: "unknown_server",
    name: "a client names a server that is not in servers.json",
    world: withCursor({ command: "mcp-bridge", args: ["linear"] }),
  },
];
