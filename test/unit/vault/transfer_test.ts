import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { exportVault, importVault } from "../../../src/vault/transfer.ts";
import { failure, VaultPlace } from "../../harness/vault_place.ts";

const PASSPHRASE = "correct horse";

describe("an exported vault", () => {
  test("comes to another machine under its passphrase, with what does not wait for a sign-in", async () => {
    using here = new VaultPlace();
    using there = new VaultPlace();
    for (const table of ["tokens", "clients", "pending", "memory"] as const) await here.open().put(table, "a", table);
    const bytes = await exportVault(here.options(), PASSPHRASE);
    for (const secret of ["tokens", "clients"]) {
      expect(Buffer.from(bytes).toString("latin1")).not.toContain(`"${secret}"`);
    }
    await there.open().put("tokens", "a", "older");
    await there.open().put("tokens", "b", "kept");
    expect(await importVault(there.options(), bytes, PASSPHRASE)).toBe(3);
    expect(await there.open().entries("tokens")).toEqual([{ key: "a", value: "tokens" }, { key: "b", value: "kept" }]);
    expect(await there.open().get("clients", "a")).toBe("clients");
    expect(await there.open().get("pending", "a")).toBeUndefined();
    expect(await here.open().get("tokens", "a")).toBe("tokens");
  });

  test("of a machine without a vault is empty, and none is made for it", async () => {
    using here = new VaultPlace();
    const bytes = await exportVault(here.options(), PASSPHRASE);
    expect(existsSync(here.folder)).toBe(false);
    using there = new VaultPlace();
    expect(await importVault(there.options(), bytes, PASSPHRASE)).toBe(0);
  });

  test("stays closed to another passphrase, and is not made without one", async () => {
    using here = new VaultPlace();
    await here.open().put("tokens", "a", 1);
    const bytes = await exportVault(here.options(), PASSPHRASE);
    expect(await failure(importVault(here.options(), bytes, "battery staple"))).toMatchObject({ code: "vault_locked" });
    expect(await failure(exportVault(here.options(), ""))).toMatchObject({ code: "vault_locked" });
  });

  test("is refused where it is none, and nothing is changed", async () => {
    using here = new VaultPlace();
    const text = new TextEncoder().encode('{"access_token":"x"}'.repeat(200));
    for (const bytes of [new Uint8Array(), text]) {
      const error = await failure(importVault(here.options(), bytes, PASSPHRASE));
      expect(error).toMatchObject({ code: "vault_damaged", hint: expect.stringContaining("mcp-bridge vault export") });
    }
    expect(existsSync(here.folder)).toBe(false);
  });
});
