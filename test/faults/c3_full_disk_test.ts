/** A disk that is full, or may only be read (C3): what stood in the vault stands, and the error says what to do. */
import { describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Records } from "../../src/auth/records.ts";
import { TokenSession } from "../../src/auth/session.ts";
import { BridgeError } from "../../src/platform/errors.ts";
import type { Notice } from "../../src/platform/notice.ts";
import { MemoryVault } from "../harness/memory_vault.ts";
import { TokenWorld } from "../harness/token_world.ts";
import { failure, VaultPlace } from "../harness/vault_place.ts";
import { VaultProcess } from "../harness/vault_process.ts";
import { clientOf, discovered, ISSUER, toolsOf } from "../unit/auth/rig.ts";

/** A process may then write no file beyond so many blocks of 512 bytes, and is told so instead of being killed. */
function limited(blocks: number): string[] {
  return ["sh", "-c", `trap '' XFSZ; ulimit -f ${blocks}; exec "$@"`, "sh"];
}

describe.skipIf(process.platform === "win32")("a disk that takes no more", () => {
  test("leaves the old value, and the error names the disk (C3)", async () => {
    using place = new VaultPlace();
    await place.open({ keyKind: "file" }).put("tokens", "a", "x".repeat(9_000));
    const before = readFileSync(place.file);
    await using writer = new VaultProcess(place.folder, ["count"], limited(1));
    expect(await writer.ended()).toBe(1);
    expect(writer.output.toString()).toMatch(/^vault_unwritable: .*\(SQLITE_\w+\); see that its disk has room/);
    expect(await place.open().get("tokens", "a")).toBe("x".repeat(9_000));
    await place.open().put("tokens", "b", 1);
    expect(place.files()).toEqual(["vault-a.key", "vault.db"]);
    expect(before.length).toBeGreaterThan(512);
  });

  test("is told when the vault is made, and leaves neither half a vault nor a draft", async () => {
    using place = new VaultPlace();
    await using writer = new VaultProcess(place.folder, ["put", "a"], limited(1));
    expect(await writer.ended()).toBe(1);
    expect(writer.output.toString()).toMatch(/^vault_unwritable: .*\(EFBIG\)/);
    expect(place.files()).toEqual(["vault-a.key"]);
    await place.open({ keyKind: "file" }).put("tokens", "a", 1);
    expect(await place.open().get("tokens", "a")).toBe(1);
  });
});

test("a renewed token that the disk does not take works all the same for this run, and the person is told once", async () => {
  const vault = new MemoryVault();
  const owner = { server: "https://mcp.example.com/mcp", account: "default" };
  const records = new Records(vault, owner);
  const grant = { version: 1 as const, discovery: await discovered(), client: clientOf(), scope: undefined };
  const old = { accessToken: "old", refreshToken: "first", tokenType: "Bearer" as const, receivedAt: 0, expiresAt: 1 };
  await records.save(grant, old);
  vault.put = (): Promise<void> => Promise.reject(new BridgeError("vault_unwritable", "the disk is full"));
  const tools = toolsOf({
    [`${ISSUER}/token`]: {
      "access_token": "new",
      "refresh_token": "second",
      "token_type": "Bearer",
      "expires_in": 3_600,
    },
  });
  const notices: Notice[] = [];
  const session = new TokenSession({
    owner,
    vault,
    ...tools,
    notify: (notice) => void (notice.level === "warn" && notices.push(notice)),
    useIdToken: false,
    signIn: () => Promise.reject(new Error("nobody is to be asked")),
  });
  expect([await session.current(), await session.current(), await session.current()]).toEqual(["new", "new", "new"]);
  expect(notices.map(({ text }) => text)).toEqual([expect.stringContaining("the new token is not kept")]);
});

const HOUR_MS = 3_600_000;

function refuse(): Promise<never> {
  return Promise.reject(new BridgeError("vault_unwritable", "the disk is full"));
}

describe("a refresh token whose successor the disk did not take is not sent again", () => {
  test.each<[string, (world: TokenWorld) => unknown]>([
    ["when the new token has ended", (world) => world.clock.pass(HOUR_MS)],
    ["when the server ends the new token", (world) => world.endTokens()],
  ])("%s (C3, C4)", async (_what, end) => {
    const world = new TokenWorld();
    await world.signIn();
    const ask = world.start();
    const { vault } = world;
    const put = vault.put.bind(vault);
    vault.put = refuse;
    for (let round = 1; round <= 3; round++) {
      await end(world);
      expect([await ask(), world.redemptions, world.replays, world.signIns]).toEqual([200, round, 0, 1]);
    }
    vault.put = put;
    await end(world);
    expect([await ask(), await world.start()()]).toEqual([200, 200]);
    expect([world.redemptions, world.replays, world.signIns]).toEqual([4, 0, 1]);
  });

  test("where its answer was lost, and the disk did not take that either (C7)", async () => {
    const vault = new MemoryVault();
    const owner = { server: "https://mcp.example.com/mcp", account: "default" };
    const grant = { version: 1 as const, discovery: await discovered(), client: clientOf(), scope: undefined };
    const old = {
      accessToken: "old",
      refreshToken: "first",
      tokenType: "Bearer" as const,
      receivedAt: 0,
      expiresAt: 1,
    };
    await new Records(vault, owner).save(grant, old);
    vault.update = refuse;
    const cut = new Response('{"access_token": "ne', { headers: { "content-type": "application/json" } });
    const tools = toolsOf({ [`${ISSUER}/token`]: cut });
    const signIn = refuse;
    const session = new TokenSession({ owner, vault, ...tools, notify: () => {}, useIdToken: false, signIn });
    expect(await failure(Promise.resolve(session.current()))).toMatchObject({ code: "vault_unwritable" });
    expect(await session.current()).toBeUndefined();
    const refusal = { status: 401, used: undefined, tried: new Set<never>(), challenge: undefined } as const;
    expect(await failure(session.better(refusal))).toMatchObject({ code: "vault_unwritable" });
    expect(tools.wire.urls).toEqual([`${ISSUER}/token`]);
  });

  test("and where the disk gives no lock it is not sent at all: nobody has to sign in once it does", async () => {
    const world = new TokenWorld();
    await world.signIn();
    const ask = world.start();
    await world.clock.pass(HOUR_MS);
    const withLock = world.vault.withLock.bind(world.vault);
    world.vault.withLock = refuse;
    expect(await failure(ask())).toMatchObject({ code: "vault_unwritable" });
    expect(world.redemptions).toBe(0);
    world.vault.withLock = withLock;
    expect([await ask(), world.redemptions, world.signIns]).toEqual([200, 1, 1]);
  });
});

/** Whether this machine lets us mount a disk. */
function mount(...words: string[]): boolean {
  return process.platform === "linux" && Bun.spawnSync(["mount", ...words], { stderr: "ignore" }).success;
}

describe("a disk of its own", () => {
  const disk = mkdtempSync(join(tmpdir(), "mcp-bridge-disk-"));
  const mounted = mount("-t", "tmpfs", "-o", "size=64k", "tmpfs", disk);
  if (mounted) Bun.spawnSync(["umount", disk]);
  rmSync(disk, { recursive: true });

  test.skipIf(!mounted)("that is full, and later may only be read: reading goes on, writing says why", async () => {
    using place = new VaultPlace();
    mkdirSync(place.folder, { recursive: true });
    expect(mount("-t", "tmpfs", "-o", "size=64k", "tmpfs", place.folder)).toBe(true);
    try {
      const vault = place.open();
      await vault.put("tokens", "a", "kept");
      const full = await failure(vault.put("tokens", "b", "x".repeat(100_000)));
      expect(full).toMatchObject({ code: "vault_unwritable", hint: expect.stringContaining("has room") });
      expect(await vault.get("tokens", "a")).toBe("kept");
      await vault.put("tokens", "a", "kept still");
      expect(place.files()).toEqual(["vault.db"]);
      expect(mount("-o", "remount,ro", place.folder)).toBe(true);
      expect(await failure(vault.put("tokens", "a", "new"))).toMatchObject({ code: "vault_unwritable" });
      expect(await failure(vault.withLock("x", () => Promise.resolve()))).toMatchObject({ code: "vault_unwritable" });
      expect(await place.open().get("tokens", "a")).toBe("kept still");
    } finally {
      Bun.spawnSync(["umount", place.folder]);
    }
  });
});
