import { afterAll, describe, expect, test } from "bun:test";
import { readFileSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { type Certificate, Certificates } from "../harness/certificates.ts";
import { EXECUTABLE } from "../../scripts/build.ts";
import { Executable, outcomeOf } from "../harness/executable.ts";
import { FakeMcp } from "../harness/fake_mcp.ts";
import { Home } from "../harness/home.ts";
import { ServeExecutable } from "../harness/serve_executable.ts";

const certificates = new Certificates();
afterAll(() => certificates[Symbol.dispose]());
const { authority } = certificates;
const good = certificates.sign("good", "DNS:localhost,IP:127.0.0.1");

/** Serves the fake server over TLS with a certificate; `clients` asks them for one of the authority's. */
function serve(certificate: Certificate, clients = false): FakeMcp {
  return new FakeMcp(0, {
    cert: Bun.file(certificate.cert),
    key: Bun.file(certificate.key),
    ...(clients ? { ca: Bun.file(authority.cert), requestCert: true, rejectUnauthorized: true } : {}),
  });
}

/** What came of a first request: the code of the error, or `ok`. */
async function outcome(server: FakeMcp | string, ...args: string[]): Promise<string> {
  await using bridge = new Executable(typeof server === "string" ? server : server.url, ...args);
  const answer = await bridge.initialize();
  return answer.error === undefined ? "ok" : `${answer.error.data.code}: ${answer.error.message}`;
}

describe("a server's certificate", () => {
  test("of an unknown authority is refused, and the error names the flag that cures it", async () => {
    using server = serve(good);
    expect(await outcome(server)).toMatch(/^untrusted_certificate: .*unknown authority.*--ca FILE/);
    expect(server.seen.items).toEqual([]);
  });

  test("is accepted with the authority named, and so are a thousand calls", async () => {
    using server = serve(good);
    await using bridge = new Executable(server.url, "--ca", authority.cert);
    await bridge.initialize();
    const calls = Array.from({ length: 1_000 }, (_, id) => bridge.request({ id, method: "tools/call", params: {} }));
    expect((await Promise.all(calls)).filter(({ result }) => result !== undefined)).toHaveLength(1_000);
  }, 30_000);

  test.skipIf(process.platform !== "linux")("is accepted where the system trusts its authority", async () => {
    using server = serve(good);
    using home = new Home();
    const bridge = Bun.spawn([EXECUTABLE, server.url], {
      env: { ...home.env, SSL_CERT_FILE: authority.cert },
      stdin: new Blob(['{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}\n']),
      stdout: "pipe",
    });
    expect(JSON.parse(await new Response(bridge.stdout).text()).result).toBeDefined();
  });

  test("is judged alike over IPv4 alone, by name and by authority", async () => {
    using server = serve(good);
    const url = server.url.replace("127.0.0.1", "localhost");
    expect(await outcome(url, "--ipv4")).toMatch(/^untrusted_certificate: .*unknown authority/);
    expect(await outcome(url, "--ipv4", "--ca", authority.cert)).toBe("ok");
    using other = serve(certificates.sign("elsewhere", "DNS:other.example"));
    expect(await outcome(other.url, "--ipv4", "--ca", authority.cert)).toMatch(/another host/);
  });

  test("that signs itself is refused", async () => {
    using server = serve(certificates.selfSigned("self"));
    expect(await outcome(server)).toMatch(/^untrusted_certificate: .*nobody known has signed/);
  });

  test("for another host is refused, though its authority is known", async () => {
    using server = serve(certificates.sign("other", "DNS:other.example"));
    expect(await outcome(server, "--ca", authority.cert)).toMatch(/^untrusted_certificate: .*another host/);
  });

  test("that has expired is refused", async () => {
    using server = serve(certificates.sign("old", "DNS:localhost,IP:127.0.0.1", -1));
    expect(await outcome(server, "--ca", authority.cert)).toMatch(/^untrusted_certificate: .*expired/);
  });

  test("is not looked at with --insecure, which says so aloud", async () => {
    using server = serve(certificates.selfSigned("insecure"));
    await using bridge = new Executable(server.url, "--insecure");
    expect((await bridge.initialize()).result).toBeDefined();
    expect(await bridge.stderr.find((line) => line.includes("not checked"))).toStartWith("mcp-bridge: warning: ");
  });

  test("is judged whatever the environment says", async () => {
    using server = serve(good);
    using home = new Home();
    const bridge = Bun.spawn([EXECUTABLE, server.url], {
      env: { ...home.env, NODE_TLS_REJECT_UNAUTHORIZED: "0" },
      stdin: new Blob(['{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}\n']),
      stdout: "pipe",
      stderr: "ignore",
    });
    expect(JSON.parse(await new Response(bridge.stdout).text()).error.data.code).toBe("untrusted_certificate");
  });
});

describe("a server that asks for a client certificate", () => {
  test("is reached with --cert and --key, and not without", async () => {
    using server = serve(good, true);
    const client = certificates.sign("client", "DNS:client");
    expect(await outcome(server, "--ca", authority.cert)).toMatch(/--cert/);
    expect(await outcome(server, "--ca", authority.cert, "--cert", client.cert, "--key", client.key)).toBe("ok");
  });
});

describe("an entry of servers.json", () => {
  test("has certificates of its own: each server is believed by its own authority, in serve and by name", async () => {
    using other = new Certificates("another authority");
    const elsewhere = other.sign("good", "DNS:localhost,IP:127.0.0.1");
    const client = certificates.sign("client", "DNS:client");
    using one = serve(good, true);
    using two = serve(elsewhere);
    await using serving = await ServeExecutable.start({
      one: { url: one.url, tls: { ca: authority.cert, ...client } },
      two: { url: two.url, tls: { ca: other.authority.cert } },
      strange: { url: two.url, tls: { ca: authority.cert } },
      unchecked: { url: two.url, tls: { insecure: true } },
      lacking: { url: two.url, tls: { ca: "/no/such.pem" } },
    });
    const { env } = serving.home;
    await serving.stderr.find((line) =>
      line.includes('cannot read "/no/such.pem" (ENOENT); give "tls.ca" of "lacking"')
    );
    for (const name of ["one", "two", "unchecked"]) {
      expect((await (await serving.session(name))("tools/list")).result).toBeDefined();
      for (const way of [[], ["--no-attach"]]) {
        await using bridge = new Executable({ env }, name, "--debug", ...way);
        expect((await bridge.initialize()).result).toBeDefined();
        const isAttached = bridge.stderr.items.some((line) => line.includes("going through"));
        expect(isAttached).toBe(way.length === 0);
      }
    }
    await using strange = new Executable({ env }, "strange", "--no-attach");
    expect((await strange.initialize()).error.data.code).toBe("untrusted_certificate");
    // What is said counts before the entry.
    await using said = new Executable({ env }, "strange", "--ca", other.authority.cert);
    expect((await said.initialize()).result).toBeDefined();
    await serving.stderr.find((line) => line.includes("not checked"));
  });

  test("is what a person is told to mend where its file is gone", async () => {
    using home = new Home();
    const at = (...words: string[]): ReturnType<typeof outcomeOf> =>
      outcomeOf({ env: home.env, cwd: home.folder }, ...words);
    await at("add", "one", "https://example.invalid/mcp", "--ca", "/gone/ca.pem");
    expect((await at("one")).stderr).toContain('give "tls.ca" of "one" a PEM file');
    expect((await at("one", "--ca", "/gone/other.pem")).stderr).toContain('give "--ca" a PEM file');
  });

  test("is written by add, with whole paths", async () => {
    using home = new Home();
    const add = (...flags: string[]): ReturnType<typeof outcomeOf> =>
      outcomeOf({ env: home.env, cwd: home.folder }, "add", "one", "https://example.com/mcp", "--replace", ...flags);
    await add("--ca", "ca.pem", "--cert", "/c.pem", "--key", "/k.pem", "--token-command", "print-token --for mcp");
    const entry = JSON.parse(readFileSync(join(home.env["MCP_BRIDGE_HOME"]!, "servers.json"), "utf8")).mcpServers.one;
    expect(entry).toEqual({
      url: "https://example.com/mcp",
      tls: { ca: join(realpathSync(home.folder), "ca.pem"), cert: "/c.pem", key: "/k.pem" },
      oauth: { tokenCommand: ["print-token", "--for", "mcp"] },
    });
    const shown = await outcomeOf({ env: home.env }, "show", "one");
    expect(shown.stdout).toMatch(/tls +cert: \/c\.pem/);
    expect(shown.stdout).toMatch(/oauth +tokenCommand: print-token --for mcp/);
    expect((await add("--cert", "/c.pem")).stderr).toContain('"tls.cert" of "one" wants a "key" beside it');
  });
});
