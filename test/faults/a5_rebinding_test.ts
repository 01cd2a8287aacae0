/** Names that lead elsewhere when they are called than when they were judged. */
import { afterAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { safeAddress } from "../../src/auth/addresses.ts";
import { createGate } from "../../src/net/gate.ts";
import { Budget } from "../../src/platform/budget.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { Certificates } from "../harness/certificates.ts";
import { discover } from "../../src/auth/discover.ts";
import { failureOf, PRM, resourceOf, SERVER, toolsOf } from "../unit/auth/rig.ts";

const PUBLIC = "93.184.216.34";

function judged(...answers: string[][]): Promise<URL> {
  const rounds = answers.values();
  const resolve = (name: string): Promise<string[]> =>
    Promise.resolve(name === SERVER.hostname ? [PUBLIC] : rounds.next().value ?? []);
  return safeAddress("https://as.example/token", "token_endpoint", SERVER, { resolve });
}

describe("a name is judged by all its addresses", () => {
  test.each<[string, string[]]>([
    ["one of two is private", [PUBLIC, "10.0.0.1"]],
    ["the last of many is", [PUBLIC, "1.1.1.1", "8.8.8.8", "127.0.0.1"]],
    ["the one of the other family is", [PUBLIC, "fd00::1"]],
    ["there is only that family", ["fe80::1"]],
    ["an IPv4 address stands in an IPv6 address", ["::ffff:10.0.0.1"]],
  ])("and refused where %s", async (_what, addresses) => {
    expect((await failureOf(judged(addresses))).code).toBe("unsafe_address");
  });

  test("and taken where all are public", async () => {
    expect((await judged([PUBLIC, "2606:2800:220:1::1"])).hostname).toBe("as.example");
  });
});

describe("a server whose own name has near addresses besides", () => {
  const WAYS: [addresses: string[], what: string][] = [
    [[PUBLIC, "127.0.0.1"], "a public one and this machine"],
    [["127.0.0.1", PUBLIC], "this machine and a public one"],
    [[PUBLIC, "::1"], "a public one and this machine's of the other family"],
    [[PUBLIC, "10.0.0.1"], "a public one and one of a private network"],
  ];
  const NEARBY = ["http://127.0.0.1:2375/x", "http://localhost:11434/api/pull", "https://169.254.169.254/"];

  test.each(WAYS)("points nowhere near: %p, %s", async (addresses) => {
    const resolve = (): Promise<string[]> => Promise.resolve(addresses);
    for (const text of [...NEARBY, "https://10.0.0.1/", "https://inside.example/"]) {
      expect((await failureOf(safeAddress(text, "token_endpoint", SERVER, { resolve }))).code).toBe("unsafe_address");
    }
  });

  test("and none but near ones while it is judged, to this machine no more than before", async () => {
    for (const rebound of ["127.0.0.1", "::1", "169.254.169.254", "10.0.0.1"]) {
      const resolve = (): Promise<string[]> => Promise.resolve([rebound]);
      for (const text of NEARBY) {
        expect((await failureOf(safeAddress(text, "token_endpoint", SERVER, { resolve }))).code).toBe("unsafe_address");
      }
    }
  });

  test("makes us ask nobody near", async () => {
    const issuer = "http://127.0.0.1:2375";
    const world = toolsOf({ [PRM]: resourceOf({ "authorization_servers": [issuer] }) });
    const resolve = (): Promise<string[]> => Promise.resolve([PUBLIC, "127.0.0.1"]);
    expect((await failureOf(discover(SERVER, undefined, { ...world, resolve }))).code).toBe("unsafe_address");
    expect(world.wire.urls).toEqual([PRM]);
  });
});

describe("what a rebound name leads to", () => {
  using stack = new DisposableStack();
  const certificates = stack.use(new Certificates());
  const asked: string[] = [];
  const { cert, key } = certificates.sign("inside", "DNS:inside.corp.example,IP:10.0.0.1");
  const inside = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    tls: { cert: readFileSync(cert), key: readFileSync(key) },
    fetch: (request) => {
      asked.push(request.url);
      return new Response("secret");
    },
  });
  const held = stack.move();
  afterAll(async () => {
    held.dispose();
    await inside.stop(true);
  });

  test("gets nothing, since it has no certificate for the name that was judged", async () => {
    const gate = createGate({
      clock: systemClock,
      budget: new Budget(1_048_576),
      tls: { ca: readFileSync(certificates.authority.cert, "utf8"), rejectUnauthorized: true },
      cookies: undefined,
      ipv4: true,
      connectTimeout: 5_000,
      headersTimeout: 5_000,
    });
    const url = new URL(`https://localhost:${inside.port}/token`);
    const failure = await failureOf(
      gate.fetch({ url, method: "POST", headers: new Headers(), body: new Uint8Array([1]) }),
    );
    expect([failure.code, asked]).toEqual(["untrusted_certificate", []]);
  });
});
