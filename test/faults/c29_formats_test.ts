/** Vaults of earlier and later versions (C29). */
import { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { exportVault, importVault } from "../../src/vault/transfer.ts";
import { rotateKey } from "../../src/vault/rotate.ts";
import { Executable, outcomeOf } from "../harness/executable.ts";
import { FakeMcp } from "../harness/fake_mcp.ts";
import { Home } from "../harness/home.ts";
import { failure, VaultPlace } from "../harness/vault_place.ts";

/** Written by the first version, with this passphrase; no version may stop opening it. */
const GOLDEN = join(import.meta.dir, "c29_format_1.db");
const PASSPHRASE = "golden";
/** The same with its key in the keychain, under the name that a folder of that time had. */
const IN_KEYCHAIN = join(import.meta.dir, "c29_format_1_keychain.db");
const KEYCHAIN = ["vault 60eb63e17d6728b1 a", "IjcIW4SmvYpyT6YMZQTeWgEBFD0PzB+pDdBL7bxyJEU="] as const;
/** What `mcp-bridge login` of the first version left, with the key in the file beside it: nobody has to sign in again. */
const SIGNED_IN = join(import.meta.dir, "c29_format_1_file");
const SIGN_IN = {
  server: "http://127.0.0.1:19719/mcp",
  account: "work",
  issuer: "http://127.0.0.1:42641",
  clientId: "client-caf0c575-5eb2-4cee-8cbe-7393079cef4d",
  scope: "mcp:read mcp:write",
  renews: true,
};
const TOKEN = "access-markedff2bb355a71c4f4db31a29e24fa8eeaf-c3ae29bb-41b2-46a5-b518-0cea9425f48f";

describe("a vault of format 1", () => {
  test("opens in its place, and is written on", async () => {
    using place = new VaultPlace();
    mkdirSync(place.folder);
    copyFileSync(GOLDEN, place.file);
    const vault = place.open({ passphrase: PASSPHRASE });
    expect(await vault.status()).toMatchObject({ exists: true, keyKind: "passphrase", format: 1, rows: 3 });
    expect(await vault.entries("tokens")).toEqual([
      { key: "https://mcp.example", value: { access_token: "golden", expires_at: 1_700_000_000_000 } },
    ]);
    expect(await vault.get("clients", "https://as.example")).toEqual({ client_id: "c" });
    await vault.put("memory", "era", "legacy");
    expect(await vault.get("memory", "era")).toBe("legacy");
  });

  test("is imported", async () => {
    using place = new VaultPlace();
    expect(await importVault(place.options(), readFileSync(GOLDEN), PASSPHRASE)).toBe(3);
    expect(await place.open().get("memory", "era")).toBe("modern");
  });

  test("opens with its key from the keychain", async () => {
    using place = new VaultPlace();
    mkdirSync(place.folder);
    copyFileSync(IN_KEYCHAIN, place.file);
    const [name, key] = KEYCHAIN;
    place.keychain.keys.set(name, Buffer.from(key, "base64"));
    expect(await place.open().get("tokens", "https://mcp.example")).toEqual({ access_token: "golden" });
  });
});

describe("a sign-in that the first version made", () => {
  let home: Home;
  beforeEach(() => {
    home = new Home();
    const folder = home.env["MCP_BRIDGE_HOME"]!;
    mkdirSync(folder, { mode: 0o700 });
    writeFileSync(join(folder, "vault.db"), readFileSync(`${SIGNED_IN}.db`), { mode: 0o600 });
    writeFileSync(join(folder, "vault-a.key"), readFileSync(`${SIGNED_IN}.key`), { mode: 0o600 });
  });
  afterEach(() => home[Symbol.dispose]());

  test("is shown by status", async () => {
    const { stdout } = await outcomeOf({ env: home.env }, "status", "--json");
    expect(JSON.parse(stdout)).toMatchObject({ vault: { keyKind: "file", format: 1 }, accounts: [SIGN_IN] });
  });

  test("lets every start in, and no page is opened", async () => {
    using server = await serverAt(Number(new URL(SIGN_IN.server).port));
    await using bridge = new Executable({ env: home.env }, SIGN_IN.server, "--account", SIGN_IN.account);
    await bridge.initialize();
    const seen = server.seen.items.map(({ headers }) => headers.get("authorization"));
    expect(new Set(seen)).toEqual(new Set([`Bearer ${TOKEN}`]));
    bridge.endInput();
    expect(await bridge.exit(10_000)).toBe(0);
  }, 60_000);
});

/** A server at a certain port, which another run of this test may have for a while. */
async function serverAt(port: number): Promise<FakeMcp> {
  for (const end = performance.now() + 40_000;;) {
    try {
      return new FakeMcp(port);
    } catch (error) {
      if (performance.now() > end) throw error;
      await Bun.sleep(100);
    }
  }
}

test("a vault of a later format is refused, whatever is asked of it, and not touched", async () => {
  using place = new VaultPlace();
  await place.open().put("tokens", "a", 1);
  {
    using database = new Database(place.file);
    database.run("PRAGMA user_version = 2");
    database.run("DROP TABLE header");
  }
  const bytes = readFileSync(place.file);
  const vault = place.open();
  const uses = [
    () => vault.get("tokens", "a"),
    () => vault.put("tokens", "a", 2),
    () => vault.update("tokens", "a", () => 2),
    () => vault.remove("tokens", "a"),
    () => vault.entries("tokens"),
    () => vault.status(),
    () => rotateKey(place.options()),
    () => exportVault(place.options(), PASSPHRASE),
    () => importVault(place.options(), readFileSync(GOLDEN), PASSPHRASE),
    () => importVault(place.options({ folder: `${place.folder}-2` }), bytes, PASSPHRASE),
  ];
  for (const use of uses) {
    expect(await failure(use())).toMatchObject({
      code: "vault_newer",
      message: expect.stringContaining("(format 2)"),
      hint: expect.stringContaining("use that version"),
    });
  }
  expect(Buffer.compare(readFileSync(place.file), bytes)).toBe(0);
  expect(place.files()).toEqual(["vault.db"]);
});
