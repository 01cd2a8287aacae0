import { describe, expect, test } from "bun:test";
import { type Resolve, safeAddress } from "../../../src/auth/addresses.ts";
import { failureOf, NEAR, ODD } from "./rig.ts";

const PUBLIC = new URL("https://mcp.example.com/mcp");
const LOOPBACK = new URL("http://127.0.0.1:3000/mcp");
const PRIVATE = new URL("https://10.0.0.5/mcp");

const NAMES: Record<string, string[]> = {
  "mcp.example.com": ["93.184.216.34"],
  "as.example.com": ["93.184.216.35", "2606:2800:220:1:248:1893:25c8:1946"],
  "inside.example.com": ["10.1.2.3"],
  "mixed.example.com": ["93.184.216.35", "192.168.0.1"],
  "six.example.com": ["fd00::1"],
  "here.example.com": ["127.0.0.1"],
  "mapped.example.com": ["::ffff:10.0.0.1"],
  "dns64.example.com": ["64:ff9b::5db8:d823"],
  "intranet.example.com": ["10.0.0.5"],
  "as.intranet.example.com": ["192.168.7.7", "fd00::7"],
  "dual.example.com": ["10.0.0.5", "2606:2800:220:1::5"],
  "dev.example.com": ["127.0.0.1"],
};

const resolve: Resolve = (name) => {
  const addresses = NAMES[name];
  return addresses === undefined ? Promise.reject(new Error("ENOTFOUND")) : Promise.resolve(addresses);
};

describe("a server on the internet cannot point to", () => {
  test.each([
    ...NEAR,
    "https://inside.example.com/",
    "https://inside.example.com./",
    "https://mixed.example.com/",
    "https://six.example.com/",
    "https://here.example.com/",
    "https://mapped.example.com/",
  ])("%s", async (text) => {
    const error = await failureOf(safeAddress(text, "token_endpoint", PUBLIC, { resolve }));
    expect(error.code).toBe("unsafe_address");
    expect(error.message).toMatch(/token_endpoint.*leads (?:to this machine|into a private network)/);
  });
});

describe("nobody points to what is no plain web address", () => {
  test.each(ODD)("%j", async (text) => {
    for (const from of [PUBLIC, LOOPBACK, PRIVATE]) {
      expect((await failureOf(safeAddress(text, "x", from, { resolve }))).code).toBe("unsafe_address");
    }
  });

  test("and its text is shown in quotes", async () => {
    const error = await failureOf(safeAddress("https://\u001b[31m\u202e", "x", PUBLIC, { resolve }));
    expect(error.message).toContain('"https://\\u001b[31m\\u202e"');
  });
});

describe("what a server may point to", () => {
  const TABLE: [text: string, from: URL][] = [
    ["https://as.example.com/token", PUBLIC],
    ["https://93.184.216.34/", PUBLIC],
    ["https://dns64.example.com/", PUBLIC],
    ["https://as.example.com:8443/token?x=1", PUBLIC],
    ["https://mcp.example.com/token", PUBLIC],
    ["https://unknown.example.com/", PUBLIC],
    ["https://as.example.com/", LOOPBACK],
    ["https://10.0.0.1/", LOOPBACK],
    ["http://127.0.0.1:9/", LOOPBACK],
    ["http://localhost:9/", LOOPBACK],
    ["http://[::1]:9/", LOOPBACK],
    ["https://as.example.com/", PRIVATE],
    ["https://192.168.0.1/", PRIVATE],
    ["https://10.0.0.5/token", PRIVATE],
    ["https://10.0.0.9/token", new URL("https://intranet.example.com/mcp")],
    ["http://10.0.0.5/token", new URL("http://10.0.0.5/mcp")],
    ["https://as.intranet.example.com/token", new URL("https://intranet.example.com/mcp")],
    ["https://intranet.example.com/token", new URL("https://as.intranet.example.com/mcp")],
    ["https://dual.example.com:8443/token", new URL("https://dual.example.com/mcp")],
    ["https://dev.example.com:8443/token", new URL("https://dev.example.com/mcp")],
    ["https://10.0.0.9/token", new URL("https://dev.example.com/mcp")],
    ["http://localhost:9/", new URL("http://localhost.:3000/mcp")],
    ["http://localhost:9/", new URL("http://0.0.0.0:3000/mcp")],
    ["http://localhost:9/", new URL("http://app.localhost:3000/mcp")],
    ["https://169.254.7.8/", new URL("https://169.254.7.7/mcp")],
  ];
  test.each(TABLE)("%s", async (text, from) => {
    expect((await safeAddress(text, "x", from, { resolve })).href).toBe(new URL(text).href);
  });

  test("a server in a private network does not point to this machine, nor to its neighbours without TLS", async () => {
    for (const text of ["https://127.0.0.1/", "https://169.254.169.254/", "http://10.0.0.6/", "http://127.0.0.1/"]) {
      expect((await failureOf(safeAddress(text, "x", PRIVATE, { resolve }))).code).toBe("unsafe_address");
    }
  });

  test("a name that leads to this machine does not point there: what a name leads to is its owner's word", async () => {
    for (
      const text of ["http://127.0.0.1:2375/", "http://localhost/", "https://127.0.0.1/", "https://169.254.169.254/"]
    ) {
      for (const from of ["https://dev.example.com/mcp", "https://169.254.7.7/mcp"]) {
        if (text.includes("169") && from.includes("169")) continue;
        expect((await failureOf(safeAddress(text, "x", new URL(from), { resolve }))).code).toBe("unsafe_address");
      }
    }
  });

  test("a private network, but never this machine, where a person takes that on", async () => {
    const rules = { resolve, anyNetwork: true };
    expect((await safeAddress("https://inside.example.com/", "x", PUBLIC, rules)).host).toBe("inside.example.com");
    for (const text of ["https://here.example.com/", "https://169.254.169.254/", "http://10.0.0.1/"]) {
      expect((await failureOf(safeAddress(text, "x", PUBLIC, rules))).code).toBe("unsafe_address");
    }
  });

  test("from this machine anything, without a look at what it is called", async () => {
    const asked: string[] = [];
    const noting: Resolve = (name) => {
      asked.push(name);
      return Promise.resolve(["10.0.0.1"]);
    };
    for (const from of [LOOPBACK, new URL("http://localhost:3000/mcp"), new URL("http://[::1]:3000/mcp")]) {
      expect((await safeAddress("https://as.example.com/", "x", from, { resolve: noting })).host).toBe(
        "as.example.com",
      );
    }
    expect(asked).toEqual([]);
  });

  test("a name is judged anew each time", async () => {
    const answers = [["93.184.216.35"], ["10.0.0.1"]];
    const rebinding: Resolve = (name) => Promise.resolve(name === "as.example.com" ? answers.shift()! : NAMES[name]!);
    await safeAddress("https://as.example.com/", "x", PUBLIC, { resolve: rebinding });
    expect((await failureOf(safeAddress("https://as.example.com/", "x", PUBLIC, { resolve: rebinding }))).code).toBe(
      "unsafe_address",
    );
  });
});
