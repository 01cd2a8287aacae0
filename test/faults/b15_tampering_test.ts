/** A vault whose file was changed by somebody else, or by a disk (B15). That an older file was put back is not told. */
import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BridgeError } from "../../src/platform/errors.ts";
import { runs } from "../harness/counts.ts";
import { failure, VaultPlace } from "../harness/vault_place.ts";

const VALUES = { a: { access_token: "one" }, b: { access_token: "two" } };

/** Most of a young vault is zeros; one in so many of them is changed. */
const SHARE_OF_ZEROS = runs(97, 1);

async function fill(place: VaultPlace): Promise<void> {
  for (const [key, value] of Object.entries(VALUES)) await place.open().put("tokens", key, value);
}

describe("a row that is not what was written is never given", () => {
  test("whichever bit of what is sealed was flipped (B15)", async () => {
    using place = new VaultPlace();
    await fill(place);
    const bytes = readFileSync(place.file);
    using database = new Database(place.file, { readonly: true });
    const { content } = database.query<{ content: Uint8Array }, []>("SELECT content FROM sealed").get()!;
    const start = bytes.indexOf(content);
    const vault = place.open();
    let flips = 0;
    for (let bit = 0; bit < content.length * 8; bit++) {
      const flipped = Buffer.from(bytes);
      flipped[start + (bit >> 3)]! ^= 1 << (bit & 7);
      writeFileSync(place.file, flipped);
      const found = await Promise.allSettled(Object.keys(VALUES).map((key) => vault.get("tokens", key)));
      const damaged = found.filter(({ status }) => status === "rejected") as PromiseRejectedResult[];
      expect(damaged.map(({ reason }) => reason.code)).toEqual(["vault_damaged"]);
      flips++;
    }
    expect(flips).toBeGreaterThan(400);
    expect(existsSync(place.file)).toBe(true);
  });

  test(
    "whichever byte of the file was changed: there is the value, no value, or an error of ours, and the file is kept",
    async () => {
      using place = new VaultPlace();
      await fill(place);
      const bytes = readFileSync(place.file);
      const codes = new Set<string>();
      for (let at = 0; at < bytes.length; at++) {
        if (bytes[at] === 0 && at % SHARE_OF_ZEROS !== 0) continue;
        const changed = Buffer.from(bytes);
        changed[at]! ^= 0x55;
        writeFileSync(place.file, changed, { mode: 0o600 });
        for (const [key, value] of Object.entries(VALUES)) {
          const found = await place.open().get("tokens", key).catch((thrown) => thrown);
          if (found instanceof BridgeError) codes.add(found.code);
          else if (found !== undefined) expect(found).toEqual(value);
        }
        const kept = place.files().filter((name) => name.startsWith("vault.db"));
        expect([at, kept.map((name) => readFileSync(join(place.folder, name)).equals(changed))]).toEqual([at, [true]]);
        rmSync(join(place.folder, kept[0]!));
      }
      expect([...codes].filter((code) => !["vault_damaged", "vault_locked", "vault_newer"].includes(code))).toEqual([]);
      expect(codes.size).toBe(3);
    },
    runs(300_000, 900_000),
  );

  test("when two rows have changed places, tables or both", async () => {
    using place = new VaultPlace();
    await fill(place);
    await place.open().put("clients", "a", { client_id: "x" });
    const swaps = [
      "UPDATE sealed SET content = (SELECT content FROM sealed AS other WHERE other.part = 'tokens' AND other.id <> sealed.id) WHERE part = 'tokens'",
      "UPDATE sealed SET content = (SELECT content FROM sealed AS other WHERE other.part = 'clients') WHERE part = 'tokens'",
      "UPDATE sealed SET id = (SELECT id FROM sealed AS other WHERE other.part = 'tokens' LIMIT 1) WHERE part = 'clients'",
    ];
    for (const swap of swaps) {
      const bytes = readFileSync(place.file);
      using database = new Database(place.file);
      database.run(swap);
      expect(await place.open().get("clients", "b")).toBeUndefined();
      const lists = [...await place.open().entries("tokens"), ...await place.open().entries("clients")];
      expect(lists.length).toBeLessThan(3);
      const values: unknown[] = [...Object.values(VALUES), { client_id: "x" }];
      for (const { value } of lists) expect(values).toContainEqual(value);
      expect(place.notices.splice(0).map(({ level }) => level)).toContain("warn");
      writeFileSync(place.file, bytes);
    }
  });
});

describe("a damaged row", () => {
  test("is left out of a list, which says so, and is whole again once it is written anew", async () => {
    using place = new VaultPlace();
    await fill(place);
    using database = new Database(place.file);
    database.run("UPDATE sealed SET content = zeroblob(100)");
    expect(await place.open().entries("tokens")).toEqual([]);
    expect(place.notices).toEqual([{ level: "warn", text: expect.stringContaining("2 rows of the vault are not") }]);
    expect(await failure(place.open().get("tokens", "a"))).toMatchObject({
      code: "vault_damaged",
      hint: expect.stringContaining("sign in again"),
    });
    await place.open().put("tokens", "a", VALUES.a);
    expect(await place.open().get("tokens", "a")).toEqual(VALUES.a);
  });
});

describe("a file that is no vault any more is kept under another name, and the next sign-in makes a new one", () => {
  const whole = 3 * 4_096;
  const DAMAGES: [what: string, damage: (file: string) => void][] = [
    ...Array.from({ length: 20 }, (_, cut): [string, (file: string) => void] => {
      const bytes = Math.floor(whole * cut / 20);
      return [`cut to ${bytes} bytes`, (file) => truncateSync(file, bytes)];
    }),
    ["another text", (file) => writeFileSync(file, "hello ".repeat(1_000))],
    ["another database", (file) => {
      writeFileSync(file, "");
      using database = new Database(file);
      database.run("CREATE TABLE cookies (name TEXT)");
    }],
    ["one whose rows stand in a page of rubbish", (file) => {
      const bytes = readFileSync(file);
      bytes.fill(0xff, 2 * 4_096);
      writeFileSync(file, bytes);
    }],
    ["one without its header", (file) => {
      using database = new Database(file);
      database.run("DELETE FROM header");
    }],
  ];
  test.each(DAMAGES)("%s", async (_what, damage) => {
    using place = new VaultPlace();
    await fill(place);
    damage(place.file);
    const left = readFileSync(place.file);
    const error = await failure(place.open().get("tokens", "a"));
    expect(error).toMatchObject({ code: "vault_damaged", hint: expect.stringContaining(`${place.file}.damaged-2023`) });
    expect(place.files()).toEqual(["vault.db.damaged-20231114T221320"]);
    expect(Buffer.compare(readFileSync(`${place.file}.damaged-20231114T221320`), left)).toBe(0);
    expect(await place.open().get("tokens", "a")).toBeUndefined();
    await fill(place);
    expect(await place.open().get("tokens", "b")).toEqual(VALUES.b);
    damage(place.file);
    expect(await failure(place.open().put("tokens", "a", 1))).toMatchObject({ code: "vault_damaged" });
    expect(place.files()).toEqual(["vault.db.damaged-20231114T221320", "vault.db.damaged-20231114T221320-2"]);
  });

  test("once, by however many find it at the same time", async () => {
    using place = new VaultPlace();
    await fill(place);
    truncateSync(place.file, 5_000);
    const errors = await Promise.all(Array.from({ length: 5 }, () => failure(place.open().get("tokens", "a"))));
    expect(errors.map(({ code }) => code)).toEqual(Array(5).fill("vault_damaged"));
    expect(place.files()).toEqual(["vault.db.damaged-20231114T221320"]);
  });

  test("and a journal that was left beside it is not played into the new one", async () => {
    using place = new VaultPlace();
    await fill(place);
    // One that begins with zeros means nothing to SQLite, until a new one is written over it.
    writeFileSync(`${place.file}-journal`, "\0".repeat(600), { mode: 0o600 });
    truncateSync(place.file, 5_000);
    expect(await failure(place.open().get("tokens", "a"))).toMatchObject({ code: "vault_damaged" });
    expect(place.files()).toEqual(["vault.db.damaged-20231114T221320", "vault.db.damaged-20231114T221320-journal"]);
  });
});
