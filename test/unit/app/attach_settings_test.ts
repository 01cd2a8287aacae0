import { describe, expect, test } from "bun:test";
import { attachSettings, attachWay, type SharedRun } from "../../../src/app/attach_settings.ts";
import { findServer } from "../../../src/registry/find.ts";
import { readRegistry } from "../../../src/registry/registry.ts";
import { RegistryPlace } from "../registry/place.ts";

const RUN: SharedRun = {
  grace: 20_000,
  maxMessage: 1_000,
  keepAlive: 0,
  cures: new Set(["auto"]),
  network: { tls: { rejectUnauthorized: true }, cookies: true, ipv4: false },
};
const ENTRY = {
  oauth: { scope: "a b", clientId: "me", authorizeParams: { z: "1", a: "2" }, grant: "browser" },
  tools: { deny: ["delete*"], allow: ["*"] },
  timeouts: { total: 30, connect: 5 },
  tls: { key: "/k.pem", ca: "/ca.pem", cert: "/c.pem", insecure: false },
  headers: { "X-Key": "${KEY}", "A-Key": "${OTHER:-none}" },
  url: "https://notes.example/mcp",
};

/** What both readers of the registry make of an entry. */
async function bothOf(entry: object): Promise<(string | undefined)[]> {
  using place = new RegistryPlace(JSON.stringify({ mcpServers: { notes: entry } }));
  const [short, whole] = [
    await findServer(place.file, "notes"),
    (await readRegistry(place.file)).servers.get("notes")!,
  ];
  return [short, whole].map((found) => attachSettings(found, RUN, { KEY: "one" }));
}

async function of(entry: object, run: Partial<SharedRun> = {}, env = { KEY: "one" }): Promise<string | undefined> {
  using place = new RegistryPlace(JSON.stringify({ mcpServers: { notes: entry } }));
  return attachSettings(await findServer(place.file, "notes"), { ...RUN, ...run }, env);
}

describe("the settings of a server in a word", () => {
  test("are the same by whichever way the registry is read", async () => {
    const [short, whole] = await bothOf(ENTRY);
    expect(short).toBe(whole!);
    expect(short).toMatch(/^[0-9a-f]{64}$/);
  });

  test.each<[string, object]>([
    ["the address", { ...ENTRY, url: "https://other.example/mcp" }],
    ["a header", { ...ENTRY, headers: {} }],
    ["an authority", { ...ENTRY, tls: { ...ENTRY.tls, ca: "/other.pem" } }],
    ["the tools", { ...ENTRY, tools: {} }],
    ["a time-out", { ...ENTRY, timeouts: {} }],
    ["the sign-in", { ...ENTRY, oauth: {} }],
    ["the era", { ...ENTRY, protocol: "legacy" }],
  ])("are others where %s differs", async (_what, entry) => {
    expect(await of(entry)).not.toBe((await of(ENTRY))!);
  });

  test.each<[string, Partial<SharedRun>]>([
    ["a certificate is not checked", { network: { ...RUN.network, tls: { rejectUnauthorized: false } } }],
    ["another authority is trusted", { network: { ...RUN.network, tls: { rejectUnauthorized: true, ca: "pem" } } }],
    ["larger messages are taken", { maxMessage: 2_000 }],
  ])("are others where %s", async (_what, run) => {
    expect(await of(ENTRY, run)).not.toBe((await of(ENTRY))!);
  });

  test("are others where a variable that they refer to says something else", async () => {
    expect(await of(ENTRY, {}, { KEY: "two" })).not.toBe((await of(ENTRY))!);
    expect(await of({ ...ENTRY, headers: {} }, {}, { KEY: "two" })).toBe((await of({ ...ENTRY, headers: {} }))!);
  });

  test("are none for a program, unless its clients share it", async () => {
    expect(await of({ command: "npx" })).toBeUndefined();
    expect(await of({ command: "npx", share: "always" })).toBeString();
  });
});

describe("the way to servers in a word", () => {
  const PROXY = { HTTPS_PROXY: "http://me:geheim@proxy.example:3128" };

  test("is none for an environment that says nothing of it", () => {
    expect(attachWay({ PATH: "/bin", HOME: "/root" })).toEqual({});
  });

  test.each<[string, object]>([
    ["another proxy", { HTTPS_PROXY: "http://me:geheim@other.example:3128" }],
    ["another password", { HTTPS_PROXY: "http://me:other@proxy.example:3128" }],
    ["an exception", { ...PROXY, NO_PROXY: "a.example" }],
    ["another one for plain http", { ...PROXY, HTTP_PROXY: "http://proxy.example" }],
    ["none, in a word", { HTTPS_PROXY: "" }],
    ["none, by an exception", { NO_PROXY: "*" }],
  ])("is another one with %s", (_what, env) => {
    const { proxy } = attachWay(env as Record<string, string>);
    expect(proxy).toMatch(/^[0-9a-f]{64}$/);
    expect(proxy).not.toBe(attachWay(PROXY)["proxy"]!);
  });

  test("is the same in small letters, and where exceptions have no proxy to be excepted from", () => {
    expect(attachWay({ https_proxy: PROXY.HTTPS_PROXY })).toEqual(attachWay(PROXY));
    expect(attachWay({ NO_PROXY: "a.example" })).toEqual(attachWay({ HTTP_PROXY: "" }));
  });

  test("tells of authorities apart from proxies", () => {
    const [one, other] = [{ NODE_EXTRA_CA_CERTS: "/a.pem" }, { NODE_EXTRA_CA_CERTS: "/b.pem" }].map(attachWay);
    expect(Object.keys(one!)).toEqual(["authority"]);
    expect(one).not.toEqual(other!);
    expect(attachWay({ SSL_CERT_FILE: "/a.pem" })).not.toEqual(one!);
    expect(attachWay({ ...PROXY, NODE_EXTRA_CA_CERTS: "/a.pem" })).toEqual({ ...attachWay(PROXY), ...one! });
  });
});
