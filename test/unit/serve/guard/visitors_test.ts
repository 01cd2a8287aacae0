import { beforeEach, describe, expect, test } from "bun:test";
import { Links, makeLink } from "../../../../src/serve/guard/links.ts";
import { Visitors } from "../../../../src/serve/guard/visitors.ts";
import { FakeClock } from "../../../harness/fake_clock.ts";

const KEY = { token: "mcpb_token", port: 7319 };
const MINUTE_MS = 60_000;

let clock: FakeClock;
beforeEach(() => void (clock = new FakeClock()));

describe("a link", () => {
  const codeOf = (link: string): string => new URL(link, "http://a").searchParams.get("code")!;
  let links: Links;
  let code: string;
  beforeEach(() => {
    links = new Links();
    code = codeOf(makeLink(KEY, clock.now()));
  });

  const own = (): Promise<boolean> => Promise.resolve(false);
  const redeem = (code: string, key = KEY): Promise<string> => links.redeem(code, key, clock.now(), own);

  test("opens the page once", async () => {
    expect(code).not.toContain(KEY.token);
    expect(await redeem(code)).toBe("opens");
    expect(await redeem(code)).toBe("over");
    expect(await redeem(codeOf(makeLink(KEY, clock.now())))).toBe("opens");
  });

  test("for our own user opens for nobody else on this machine, who does not use it up", async () => {
    const ours = codeOf(makeLink(KEY, clock.now(), "own_user"));
    const others = (): Promise<boolean> => Promise.resolve(true);
    expect(await links.redeem(ours, KEY, clock.now(), others)).toBe("other_user");
    expect(await links.redeem(ours.replace(".own", ""), KEY, clock.now(), others)).toBe("over");
    expect(await links.redeem(ours, KEY, clock.now(), own)).toBe("opens");
    expect(await links.redeem(code, KEY, clock.now(), others)).toBe("opens");
  });

  test("opens it for five minutes", async () => {
    await clock.pass(5 * MINUTE_MS - 1);
    expect(await redeem(code)).toBe("opens");
    const late = codeOf(makeLink(KEY, clock.now()));
    await clock.pass(5 * MINUTE_MS);
    expect(await redeem(late)).toBe("over");
  });

  test("is good at no other port, and by nobody else's token", async () => {
    expect(await redeem(code, { ...KEY, port: 7320 })).toBe("over");
    expect(await redeem(code, { ...KEY, token: "mcpb_other" })).toBe("over");
  });

  test("with anything changed in it, or made for a longer time, is none", async () => {
    for (const place of [0, 12, code.length - 2]) {
      const sign = code[place] === "a" ? "b" : "a";
      const other = `${code.slice(0, place)}${sign}${code.slice(place + 1)}`;
      expect(await redeem(other)).toBe("over");
    }
    for (const other of ["", "..", `${code}=`, `${code}.own`, code.toUpperCase()]) {
      expect(await redeem(other)).toBe("over");
    }
    const later = codeOf(makeLink(KEY, clock.now() + 60 * MINUTE_MS));
    expect(await redeem(later)).toBe("over");
  });
});

describe("a browser that came by a link", () => {
  let visitors: Visitors;
  beforeEach(() => void (visitors = new Visitors(clock, () => 7319)));

  const own = (): Promise<boolean> => Promise.resolve(false);
  const others = (): Promise<boolean> => Promise.resolve(true);

  function asks(cookie: string, headers: Record<string, string> = {}, method = "GET", by = own): Promise<boolean> {
    const given = cookie.split(";")[0]!;
    // The runtime lets no request carry such headers but one that it received.
    const all = new Headers({ cookie: given, ...headers });
    return visitors.knows({ method, headers: all } as Request, by);
  }

  test("has a cookie that no script reads and no other site sends, and is known by it", async () => {
    const cookie = visitors.admit(false);
    expect(cookie).toMatch(/^mcp_bridge_7319=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=43200$/);
    expect(await asks(cookie)).toBe(true);
    expect(await asks(`a=b; ${cookie.split(";")[0]}`)).toBe(false);
    const among = new Headers({ cookie: `a=b; ${cookie.split(";")[0]}` });
    expect(await visitors.knows({ method: "GET", headers: among } as Request, own)).toBe(true);
  });

  test("is not known by another cookie", async () => {
    visitors.admit(false);
    for (const cookie of ["", "mcp_bridge_7319=", `mcp_bridge_7319=${"a".repeat(43)}`]) {
      expect(await asks(cookie)).toBe(false);
    }
  });

  test("changes something only from our page, and reads nothing for pages of other ports", async () => {
    const cookie = visitors.admit(false);
    expect(await asks(cookie, {}, "POST")).toBe(false);
    expect(await asks(cookie, { origin: "http://127.0.0.1:7319" }, "POST")).toBe(true);
    for (const site of ["same-site", "cross-site"]) expect(await asks(cookie, { "sec-fetch-site": site })).toBe(false);
    for (const site of ["same-origin", "none"]) expect(await asks(cookie, { "sec-fetch-site": site })).toBe(true);
  });

  test("is not known where another user of this machine brings its cookie, which servers of theirs at other ports see", async () => {
    const cookie = visitors.admit(false);
    const origin = { origin: "http://127.0.0.1:7319" };
    for (const method of ["GET", "POST"]) expect(await asks(cookie, origin, method, others)).toBe(false);
    expect(await asks(cookie)).toBe(true);
    // Who came with a link that is for whoever has it, through a tunnel say, is another user to the system.
    expect(await asks(visitors.admit(true), {}, "GET", others)).toBe(true);
  });

  test("is forgotten after twelve hours, or when sixteen others have come", async () => {
    const first = visitors.admit(false);
    for (let place = 0; place < 15; place++) visitors.admit(false);
    expect(await asks(first)).toBe(true);
    const last = visitors.admit(false);
    expect(await asks(first)).toBe(false);
    await clock.pass(12 * 60 * MINUTE_MS);
    expect(await asks(last)).toBe(false);
  });
});
