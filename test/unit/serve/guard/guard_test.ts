import { describe, expect, test } from "bun:test";
import { isMeantForUs, isSameSecret } from "../../../../src/net/guard.ts";
import { isFurtherHost } from "../../../../src/serve/guard/further_hosts.ts";
import { guard } from "../../../../src/serve/guard/guard.ts";
import { ServeRig, TOKEN } from "../../../harness/serve_rig.ts";

const HOSTS: readonly [host: string | undefined, isOurs: boolean][] = [
  ["127.0.0.1:7319", true],
  ["localhost:7319", true],
  ["LOCALHOST:7319", true],
  ["127.0.0.1", false],
  ["127.0.0.1:7320", false],
  ["localhost.evil.example:7319", false],
  ["evil.example", false],
  ["evil.example:7319", false],
  ["127.0.0.1:7319.evil.example", false],
  ["127.0.0.1:7319@evil.example", false],
  ["127.0.0.1.:7319", false],
  ["[::1]:7319", false],
  ["0.0.0.0:7319", false],
  ["", false],
];
const ORIGINS: readonly [origin: string | undefined, isOurs: boolean][] = [
  [undefined, true],
  ["http://127.0.0.1:7319", true],
  ["http://localhost:7319", true],
  ["HTTP://LocalHost:7319", true],
  ["null", false],
  ["", false],
  ["https://127.0.0.1:7319", false],
  ["http://127.0.0.1", false],
  ["http://127.0.0.1:7319/", false],
  ["http://127.0.0.1:7319.evil.example", false],
  ["http://evil.example", false],
  ["https://evil.example", false],
  ["file://", false],
  ["chrome-extension://abcdef", false],
];
const TOKENS: readonly [authorization: string | undefined, isOurs: boolean][] = [
  [`Bearer ${TOKEN}`, true],
  [`bearer  ${TOKEN} `, true],
  [undefined, false],
  ["", false],
  [TOKEN, false],
  ["Bearer", false],
  ["Bearer ", false],
  [`Basic ${TOKEN}`, false],
  [`Bearer ${TOKEN}x`, false],
  [`Bearer ${TOKEN.slice(0, -1)}`, false],
  [`Bearer ${TOKEN.toUpperCase()}`, false],
  [`Bearer ${TOKEN}, Bearer ${TOKEN}`, false],
  [`Bearer x ${TOKEN}`, false],
];

const ASKED: readonly [method: string, path: string][] = [
  ["POST", "/mcp/a"],
  ["GET", "/mcp/a"],
  ["DELETE", "/mcp/nobody"],
  ["OPTIONS", "/mcp/a"],
  ["GET", "/sse/a"],
  ["GET", "/sse/nobody"],
  ["POST", "/messages/a?sessionId=x"],
  ["GET", "/"],
  ["GET", "/elsewhere"],
];

describe("a request goes on only with our host, no other origin and our token", () => {
  test.each(HOSTS)("host %p", async (host, isOurHost) => {
    for (const [origin, isOurOrigin] of ORIGINS) {
      for (const [authorization, isOurToken] of TOKENS) {
        const rig = new ServeRig();
        const headers = { host, origin, authorization, "content-type": "application/json" };
        const answer = await rig.ask("POST", "/mcp/a", { headers, body: "{" });
        const wanted = !isOurHost || !isOurOrigin ? 403 : !isOurToken ? 401 : 400;
        if (answer.status !== wanted) {
          throw new Error(`${answer.status}, not ${wanted}: ${JSON.stringify([host, origin, authorization])}`);
        }
        expect(rig.notices).toHaveLength(wanted === 400 ? 0 : 1);
      }
    }
  });
});

describe("a refusal", () => {
  test.each<[string, Record<string, string | undefined>]>([
    ["without a token", { authorization: undefined }],
    ["with a wrong token", { authorization: "Bearer mcpb_wrong-but-secret" }],
    ["for another host", { host: "evil.example" }],
    ["of another origin", { origin: "https://evil.example" }],
    ["of a page without an origin", { origin: "null" }],
  ])("%s says nothing of what exists, and neither does the log of what was sent", async (_who, headers) => {
    const rig = new ServeRig();
    const answers = new Set<string>();
    for (const [method, path] of ASKED) {
      const answer = await rig.ask(method, path, { headers });
      const all = [...answer.headers].filter(([name]) => name !== "date");
      answers.add(JSON.stringify([answer.status, all.sort(), await answer.text()]));
    }
    expect(answers.size).toBe(1);
    const [answer] = answers;
    expect(answer).not.toContain("access-control");
    expect(`${answer}${rig.notices}`).not.toMatch(/secret|evil|the-token/);
    expect(rig.lines).toEqual([]);
    expect(rig.notices).toHaveLength(ASKED.length);
  });

  test("of a token says which scheme is wanted, and how a person finds it", async () => {
    const answer = await new ServeRig().ask("GET", "/mcp/a", { headers: { authorization: undefined } });
    expect(answer.headers.get("www-authenticate")).toBe('Bearer realm="mcp-bridge"');
    expect(await answer.json()).toMatchObject({
      error: { data: { code: "unauthorized", hint: expect.stringContaining("--show-token") } },
    });
  });
});

test("whether we live is told to whoever asks", async () => {
  const rig = new ServeRig();
  const answer = await rig.ask("GET", "/healthz", { headers: { host: "evil.example", authorization: undefined } });
  expect([answer.status, await answer.text()]).toEqual([200, "ok\n"]);
});

test("who came by a link stands for the token where people look, and nowhere else", () => {
  const options = {
    names: ["127.0.0.1"],
    port: (): number => 7319,
    token: TOKEN,
    notify: (): void => {},
  };
  const request = new Request("http://x/", { headers: { host: "127.0.0.1:7319" } });
  expect(guard(request, options, true)).toBeUndefined();
  expect(guard(request, options, false)!.status).toBe(401);
  const rebound = new Request("http://x/", { headers: { host: "evil.example" } });
  expect(guard(rebound, options, true)!.status).toBe(403);
});

test.each<[host: string, origin: string | undefined, onlyHere: boolean, everywhere: boolean]>([
  ["bridge.lan", undefined, true, true],
  ["bridge.lan:7319", undefined, true, true],
  ["BRIDGE.lan:7319", "http://bridge.lan:7319", true, true],
  ["bridge.lan", "https://bridge.lan", true, true],
  ["bridge.lan:7320", undefined, false, false],
  ["bridge.lan", "https://evil.example", false, false],
  ["bridge.lan", "http://bridge.lan:80", false, false],
  ["bridge.lan", "null", false, false],
  ["proxy.example:8443", undefined, true, true],
  ["proxy.example", undefined, false, false],
  ["x.bridge.lan", undefined, false, false],
  ["evil.example", undefined, false, false],
  ["10.0.0.5:7319", undefined, false, true],
  ["10.0.0.5:8080", "http://10.0.0.5:8080", false, true],
  ["10.0.0.5:8080", "http://evil.example", false, false],
  ["10.0.0.5.evil.example", undefined, false, false],
  ["[fd00::5]:7319", undefined, false, true],
  ["", undefined, false, false],
])("host %p and origin %p are taken: %p, and %p where we listen everywhere", (host, origin, ...taken) => {
  const headers = { host, authorization: `Bearer ${TOKEN}`, ...(origin === undefined ? {} : { origin }) };
  for (const [place, isEverywhere] of [false, true].entries()) {
    const port = (): number => 7319;
    const hosts = { allowed: ["bridge.lan", "proxy.example:8443"], port, isEverywhere };
    const ours = { names: ["127.0.0.1"], port, token: TOKEN, notify: (): void => {} };
    const asked = new Request("http://x/", { headers });
    const refused = guard(asked, { ...ours, isFurtherHost: (each) => isFurtherHost(each, hosts) }, false);
    expect(refused?.status).toBe(taken[place]! ? undefined : 403);
  }
});

test("the port that HTTP has where none is named need not stand in the host", () => {
  const meant = (host: string, origin?: string): boolean =>
    isMeantForUs(new Headers({ host, ...(origin === undefined ? {} : { origin }) }), ["localhost"], 80);
  expect(meant("localhost")).toBe(true);
  expect(meant("localhost:80", "http://localhost")).toBe(true);
  expect(meant("localhost:8080")).toBe(false);
  expect(isMeantForUs(new Headers({ host: "localhost" }), ["localhost"], 7319)).toBe(false);
});

describe("two secrets", () => {
  test.each([
    ["", "", true],
    ["abc", "abc", true],
    ["abc", "abd", false],
    ["abc", "ab", false],
    ["ab", "abc", false],
    ["abc", "ABC", false],
    ["\u0161", "a", false],
    ["a", "\u0161", false],
  ])("%p and %p are the same: %p", (one, other, same) => expect(isSameSecret(one, other)).toBe(same));

  test("of one length take the same work, wherever they differ", () => {
    const reads: number[] = [];
    const counting = (text: string): string => {
      const from = reads.push(0) - 1;
      return {
        length: text.length,
        charCodeAt: (at: number): number => {
          reads[from]!++;
          return text.charCodeAt(at);
        },
      } as unknown as string;
    };
    for (const other of ["xbcdefgh", "abcdefgx", "abcdefgh"]) isSameSecret(counting("abcdefgh"), counting(other));
    expect(new Set(reads)).toEqual(new Set([8]));
  });
});
