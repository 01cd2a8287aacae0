import { describe, expect, test } from "bun:test";
import { Cookies } from "../../../src/net/cookies.ts";
import { FakeClock } from "../../harness/fake_clock.ts";

const MCP = "https://mcp.example.com/api/mcp";

/** Cookies that were set by answers from an address, in turn. */
function cookiesOf(lines: string[], from = MCP, clock = new FakeClock()): Cookies {
  const cookies = new Cookies(clock);
  for (const line of lines) cookies.take(new URL(from), new Headers({ "set-cookie": line }));
  return cookies;
}

function sent(cookies: Cookies, to = MCP): string | undefined {
  return cookies.headerFor(new URL(to));
}

describe("a cookie goes back", () => {
  const TABLE: [line: string, header: string | undefined][] = [
    ["a=1", "a=1"],
    [" a = 1 ; Secure; HttpOnly; SameSite=Strict; Unknown=x", "a=1"],
    ["AWSALB=fZ+/x==; Expires=Wed, 21 Oct 2099 07:28:00 GMT; Path=/", "AWSALB=fZ+/x=="],
    ['a="quoted value"', 'a="quoted value"'],
    ["a=", "a="],
    ["a=1; domain=elsewhere.example", "a=1"],
    ["a=1; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "a=1"],
    ["a=1; Max-Age=soon", "a=1"],
    ["a=1; Expires=some day", "a=1"],
    ["a=1; path=/api", "a=1"],
    ["a=1; path=/api/", "a=1"],
    ["a=1; path=/api/mcp", "a=1"],
    ["a=1; path=relative", "a=1"],
    ["a=1; path=/elsewhere; PATH=/", "a=1"],
    ["\u00e9=\u00fc", "\u00e9=\u00fc"],
  ];
  test.each(TABLE)("%s as %s", (line, header) => expect(sent(cookiesOf([line]))).toBe(header));

  test("beside others: longer paths first, then in the order of their making", () => {
    const cookies = cookiesOf(["a=1; path=/", "b=2; path=/api", "c=3; path=/", "a=4; path=/"]);
    expect(sent(cookies)).toBe("b=2; a=4; c=3");
  });

  test("where several came in one answer", () => {
    const cookies = new Cookies(new FakeClock());
    cookies.take(
      new URL(MCP),
      new Headers([["set-cookie", "a=1; Expires=Wed, 21 Oct 2099 07:28:00 GMT"], ["set-cookie", "b=2"]]),
    );
    expect(sent(cookies)).toBe("a=1; b=2");
  });
});

describe("a cookie does not go back", () => {
  test.each([
    "",
    "=",
    "=1",
    "nameless",
    "a=1\u0001",
    `a=${"x".repeat(4_096)}`,
    "a=1; Max-Age=0",
    "a=1; max-age=-5",
    "a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
    "a=1; path=/api/mcp/",
    "a=1; path=/ap",
    "a=1; path=/other",
  ])(
    "%p",
    (line) => expect(sent(cookiesOf([line]))).toBeUndefined(),
  );

  test.each([
    "http://mcp.example.com/api/mcp",
    "https://mcp.example.com:8443/api/mcp",
    "https://example.com/api/mcp",
    "https://other.mcp.example.com/api/mcp",
  ])("to %s, which is another origin", (to) => {
    expect(sent(cookiesOf(["a=1; path=/; domain=example.com"]), to)).toBeUndefined();
  });

  test("that is for TLS and came without", () => {
    expect(sent(cookiesOf(["a=1; secure"], "http://127.0.0.1/mcp"), "http://127.0.0.1/mcp")).toBeUndefined();
  });

  test("once its time is over, or another of its name and path has taken its place, or the server ends it", async () => {
    const clock = new FakeClock();
    const cookies = cookiesOf(["a=1; Max-Age=60"], MCP, clock);
    await clock.pass(59_999);
    expect(sent(cookies)).toBe("a=1");
    await clock.pass(1);
    expect(sent(cookies)).toBeUndefined();
    expect(sent(cookiesOf(["a=1", "a=2"]))).toBe("a=2");
    expect(sent(cookiesOf(["a=1; path=/", "a=2", "a=; max-age=0"]))).toBe("a=1");
  });

  test("beyond the folder of the address that set it, where it names no path", () => {
    const cookies = cookiesOf(["a=1"]);
    expect(sent(cookies, "https://mcp.example.com/api/other/deep")).toBe("a=1");
    expect(sent(cookies, "https://mcp.example.com/apiary")).toBeUndefined();
    expect(sent(cookiesOf(["a=1"], "https://mcp.example.com/mcp"), "https://mcp.example.com/x")).toBe("a=1");
  });
});

describe("what a server can have kept is bounded, and the oldest goes first", () => {
  test("at 50 cookies of an origin", () => {
    const header = sent(cookiesOf(Array.from({ length: 60 }, (_, n) => `n${n}=${n}`)))!;
    expect(header.split("; ")).toEqual(Array.from({ length: 50 }, (_, n) => `n${n + 10}=${n + 10}`));
  });

  test("at 8 KiB of an origin", () => {
    const header = sent(cookiesOf(["a", "b", "c"].map((name) => `${name}=${"x".repeat(4_000)}`)))!;
    expect(header.split("; ").map((pair) => pair[0])).toEqual(["b", "c"]);
  });

  test("at 16 origins", () => {
    const cookies = new Cookies(new FakeClock());
    const origin = (n: number): string => `https://mcp${n}.example.com/`;
    for (let n = 0; n < 20; n++) cookies.take(new URL(origin(n)), new Headers({ "set-cookie": "a=1" }));
    expect(Array.from({ length: 20 }, (_, n) => sent(cookies, origin(n)) !== undefined).indexOf(true)).toBe(4);
  });
});
