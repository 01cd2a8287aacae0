/** Vaults of earlier and later versions (C29). */
import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { copyFileSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { exportVault, importVault } from "../../src/vault/transfer.ts";
import { rotateKey } from "../../src/vault/rotate.ts";
import { failure, VaultPlace } from "../harness/vault_place.ts";

/** Written by the first version, with this passphrase; no version may stop opening it. */
const GOLDEN = join(import.meta.dir, "c29_format_1.db");
const PASSPHRASE = "golden";

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
});

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
