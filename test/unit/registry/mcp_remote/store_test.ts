import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  allKept,
  deleteKept,
  findKept,
  type KeptSignIn,
  openStore,
} from "../../../../src/registry/mcp_remote/store.ts";
import { layoutOf, storeFolder, storeNames, usualPort } from "../../../../src/registry/mcp_remote/store_place.ts";
import { Home } from "../../../harness/home.ts";

const URL_WORD = "https://mcp.example.com/mcp";
const NAME = md5(URL_WORD);
const NOW = Date.parse("2026-11-23T10:00:00Z");
const TOKENS = {
  "access_token": "a",
  "refresh_token": "r",
  "token_type": "Bearer",
  "expires_in": 3600,
  "expires_at": NOW + 60_000,
};
const CLIENT = { "client_id": "c", "redirect_uris": ["http://localhost:3335/oauth/callback"] };

let home: Home;
beforeEach(() => {
  home = new Home();
});
afterEach(() => home[Symbol.dispose]());

function md5(text: string): string {
  return createHash("md5").update(text).digest("hex");
}

function write(folder: string, name: string, content: unknown, at?: number): string {
  mkdirSync(join(home.folder, folder), { recursive: true });
  const file = join(home.folder, folder, name);
  writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content));
  if (at !== undefined) utimesSync(file, at / 1_000, at / 1_000);
  return file;
}

async function find(): Promise<KeptSignIn | undefined> {
  return await findKept((await openStore(home.folder))!, { url: URL_WORD }, NOW);
}

async function reasonOf(): Promise<string> {
  const { reading } = (await find())!;
  return reading.kind === "unfit" ? reading.reason : "taken";
}

test("the store is where mcp-remote has it, on each system", () => {
  expect(storeFolder({ platform: "linux", env: { HOME: "/home/me" } })).toBe("/home/me/.mcp-auth");
  expect(storeFolder({ platform: "win32", env: { USERPROFILE: "C:\\Users\\me" } })).toBe("C:\\Users\\me\\.mcp-auth");
  expect(storeFolder({ platform: "darwin", env: { HOME: "/x", MCP_REMOTE_CONFIG_DIR: "/y" } })).toBe("/y");
  expect(storeFolder({ platform: "linux", env: {} })).toBeUndefined();
  expect(storeFolder({ platform: "linux", env: { HOME: "/x", MCP_REMOTE_CONFIG_DIR: "auth" } })).toBeUndefined();
});

describe("the name of a sign-in", () => {
  const words = {
    url: URL_WORD,
    resource: "https://tenant.example/",
    headers: { "X-B": "${VAR}", "X-A": "1" },
    authorizeParams: { prompt: "consent", audience: "x" },
    clientMetadataUrl: "https://client.example/doc",
    tokenEndpoint: "https://as.example/token",
  };
  const headers = '{"X-A":"1","X-B":"${VAR}"}';
  const params = '{"audience":"x","prompt":"consent"}';

  test("is made of all that was said, in mcp-remote's order", () => {
    const parts = [URL_WORD, words.resource, params, headers, words.clientMetadataUrl, words.tokenEndpoint];
    expect(storeNames(words, layoutOf("mcp-remote-v1")!)).toEqual([md5(parts.join("|"))]);
  });

  test("is what each release has made of it", () => {
    const older = md5([URL_WORD, words.resource, headers].join("|"));
    expect(storeNames(words, layoutOf("mcp-remote-0.1.38")!)).toContain(older);
    expect(storeNames(words, layoutOf("mcp-remote-0.1.16")!)).toEqual([NAME]);
    expect(storeNames({ url: URL_WORD }, layoutOf("mcp-remote-0.1.27")!)).toEqual([NAME]);
  });

  test("says the port that it had", () => expect(usualPort("ffff0000")).toBe(3_335 + 0xffff % 45_816));

  test("is not looked for in folders of somebody else's", () => {
    for (const folder of ["mcp-remote", "mcp-remote-v", "other", "mcp-remote-../x"]) {
      expect(layoutOf(folder)).toBeUndefined();
    }
  });
});

describe("a sign-in", () => {
  test("is read with its client, its end, and who gave it", async () => {
    write("mcp-remote-v1", `${NAME}_tokens.json`, { ...TOKENS, issuer: "https://as.example", scope: "a b" });
    write("mcp-remote-v1", `${NAME}_client_info.json`, {
      ...CLIENT,
      "client_secret": "s",
      "client_secret_expires_at": 0,
    });
    write("mcp-remote-v1", `${NAME}_debug.log`, "x");
    const { reading, files } = (await find())!;
    expect(reading).toEqual({
      kind: "read",
      content: {
        tokens: {
          accessToken: "a",
          refreshToken: "r",
          expiresAt: NOW + 60_000,
          receivedAt: NOW + 60_000 - 3_600_000,
          scope: "a b",
          issuer: "https://as.example",
        },
        client: { kind: "dynamic", clientId: "c", clientSecret: "s", redirectUris: CLIENT.redirect_uris },
      },
    });
    expect(files.toSorted()).toEqual(["client_info.json", "debug.log", "tokens.json"]);
  });

  test("of an older release ends by the age of its file", async () => {
    const { "expires_at": _, ...old } = TOKENS;
    write("mcp-remote-0.1.38", `${NAME}_tokens.json`, old, NOW - 1_000_000);
    const { reading } = (await find())!;
    const { tokens } = (reading as Extract<typeof reading, { kind: "read" }>).content;
    expect([tokens.receivedAt, tokens.expiresAt]).toEqual([NOW - 1_000_000, NOW + 2_600_000]);
  });

  test("is the youngest of several that can be used", async () => {
    write("mcp-remote-v1", `${NAME}_tokens.json`, "{");
    write("mcp-remote-0.1.37", `${NAME}_tokens.json`, { ...TOKENS, "access_token": "old", "expires_at": NOW });
    write("mcp-remote-0.1.38", `${NAME}_tokens.json`, { ...TOKENS, "access_token": "new" });
    expect((await find())!.reading).toMatchObject({ content: { tokens: { accessToken: "new" } } });
  });

  test("goes with all its files, and nothing else does", async () => {
    const own = [
      write("mcp-remote-v1", `${NAME}_tokens.json`, TOKENS),
      write("mcp-remote-v1", `${NAME}_lock.json`, ""),
    ];
    const other = write("mcp-remote-v1", `${md5("x")}_tokens.json`, TOKENS);
    await deleteKept((await find())!);
    expect(own.map(existsSync)).toEqual([false, false]);
    expect(existsSync(other)).toBe(true);
  });

  test("that nobody asks for is known of", async () => {
    write("mcp-remote-v1", `${NAME}_tokens.json`, TOKENS);
    write("mcp-remote-v1", `${md5("x")}_code_verifier.txt`, "x");
    const store = (await openStore(home.folder))!;
    expect(allKept(store)).toEqual([{ name: NAME, path: join(home.folder, "mcp-remote-v1") }]);
    expect(await findKept(store, { url: "https://other.example/" }, NOW)).toBeUndefined();
  });
});

describe("a store that is broken or somebody else's", () => {
  const faults: Record<string, [content: unknown, reason: string]> = {
    "half a file": ['{"access_token": "a', "is not whole"],
    "an empty file": ["", "is not whole"],
    "a list": [[], "is not whole"],
    "no token": [{ "token_type": "Bearer" }, "holds no access token"],
    "a token with a line break": [{ ...TOKENS, "access_token": "a\r\nX-Evil: 1" }, "holds no access token"],
    "a token of 100 KiB": [{ ...TOKENS, "access_token": "a".repeat(100_000) }, "holds no access token"],
    "a refresh token that is none": [{ ...TOKENS, "refresh_token": {} }, "holds a refresh token that is none"],
    "tokens bound to a key": [{ ...TOKENS, "token_type": "DPoP" }, "holds tokens bound to a key"],
    "an end without more": [
      { "access_token": "a", "expires_at": NOW - 1 },
      "holds a token that has ended, and nothing to renew it with",
    ],
    "2 MiB": [" ".repeat(2_097_152), "is too large"],
  };
  for (const [what, [content, reason]] of Object.entries(faults)) {
    test(`${what} is not taken, and why`, async () => {
      write("mcp-remote-v1", `${NAME}_tokens.json`, content);
      expect(await reasonOf()).toBe(reason);
    });
  }

  test("a link is not followed", async () => {
    const elsewhere = write("elsewhere", "tokens", TOKENS);
    mkdirSync(join(home.folder, "mcp-remote-v1"));
    symlinkSync(elsewhere, join(home.folder, "mcp-remote-v1", `${NAME}_tokens.json`));
    expect(await reasonOf()).toBe("is a symbolic link");
  });

  test("a folder in the place of a file is not read", async () => {
    mkdirSync(join(home.folder, "mcp-remote-v1", `${NAME}_tokens.json`), { recursive: true });
    expect(await reasonOf()).toBe("is no plain file");
  });

  test("a client whose secret has ended, or that is half written, is not taken", async () => {
    write("mcp-remote-v1", `${NAME}_tokens.json`, TOKENS);
    write("mcp-remote-v1", `${NAME}_client_info.json`, {
      ...CLIENT,
      "client_secret": "s",
      "client_secret_expires_at": 1,
    });
    expect(await reasonOf()).toBe("has a registration beside it that holds a client whose secret has ended");
    write("mcp-remote-v1", `${NAME}_client_info.json`, "{");
    expect(await reasonOf()).toBe("has a registration beside it that is not whole");
  });

  test("a token that is being renewed by mcp-remote is left to it", async () => {
    write("mcp-remote-v1", `${NAME}_tokens.json`, TOKENS);
    write("mcp-remote-v1", `${NAME}_refresh_in_progress.json`, { pid: 1 }, NOW - 1_000);
    expect(await reasonOf()).toBe("is being renewed by mcp-remote right now; try again in a moment");
    write("mcp-remote-v1", `${NAME}_refresh_in_progress.json`, { pid: 1 }, NOW - 40_000);
    expect(await reasonOf()).toBe("taken");
  });

  test("what else lies there is named, and a store that is none is nothing", async () => {
    write(".", "notes.txt", "x");
    write("google", "x", "x");
    write(".", "mcp-remote-v1", "a file");
    const { foreign, layouts } = (await openStore(home.folder))!;
    expect([foreign.toSorted(), layouts]).toEqual([["google", "mcp-remote-v1", "notes.txt"], []]);
    expect(await openStore(join(home.folder, "absent"))).toBeUndefined();
    expect(await openStore(join(home.folder, "notes.txt"))).toBeUndefined();
  });
});
