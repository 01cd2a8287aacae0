import { describe, expect, test } from "bun:test";
import { Refusal, TokenFamilies } from "../../harness/token_families.ts";

const GRANT = { client: "a", scope: "read write", resources: ["https://mcp.example.com/mcp"] };

/** Tokens of a new family, on a clock that the test turns. */
function begin(): { families: TokenFamilies; first: string; pass: (seconds: number) => void } {
  const families = new TokenFamilies();
  let now = 1_700_000_000_000;
  families.now = () => now;
  const first = families.issue(GRANT, true).refresh!;
  return { families, first, pass: (seconds) => now += seconds * 1_000 };
}

/** The OAuth error that `redeem` is refused with. */
function refusalOf(redeem: () => unknown): string | undefined {
  try {
    redeem();
    return undefined;
  } catch (error) {
    if (error instanceof Refusal) return error.answer.error;
    throw error;
  }
}

describe("a family of tokens", () => {
  test("goes on with a new refresh token each time", () => {
    const { families, first } = begin();
    const second = families.refresh(first, "a", null);
    const third = families.refresh(second.refresh!, "a", "read");
    expect(new Set([first, second.refresh, third.refresh]).size).toBe(3);
    expect([second.scope, third.scope]).toEqual(["read write", "read"]);
    expect(families.redemptions).toBe(2);
    expect(families.worth(third.access)).toMatchObject({ kind: "good", scope: "read" });
    expect(families.takeAlarms()).toEqual([]);
  });

  test("keeps its refresh token where nothing rotates", () => {
    const { families, first } = begin();
    families.rotates = false;
    expect(families.refresh(first, "a", null).refresh).toBe(first);
    expect(families.refresh(first, "a", null).refresh).toBe(first);
    expect(families.takeAlarms()).toEqual([]);
  });

  test("is revoked as a whole, with an alarm, when a spent refresh token comes again", () => {
    const { families, first } = begin();
    const second = families.refresh(first, "a", null);
    expect(refusalOf(() => families.refresh(first, "a", null))).toBe("invalid_grant");
    expect(families.worth(second.access).kind).toBe("revoked");
    expect(refusalOf(() => families.refresh(second.refresh!, "a", null))).toBe("invalid_grant");
    expect(families.takeAlarms()).toMatchObject([{ spent: "refresh token", family: { number: 1 } }]);
    expect(families.takeAlarms()).toEqual([]);
  });

  test("forgives a spent refresh token while the grace runs, and no longer", () => {
    const { families, first, pass } = begin();
    families.grace = 10;
    families.refresh(first, "a", null);
    pass(9);
    expect(families.worth(families.refresh(first, "a", null).access).kind).toBe("good");
    pass(1);
    expect(refusalOf(() => families.refresh(first, "a", null))).toBe("invalid_grant");
    expect(families.takeAlarms()).toHaveLength(1);
  });

  test("belongs to one client and cannot grow", () => {
    const { families, first } = begin();
    expect(refusalOf(() => families.refresh(first, "b", null))).toBe("invalid_grant");
    expect(refusalOf(() => families.refresh(first, "a", "read admin"))).toBe("invalid_scope");
    expect(refusalOf(() => families.refresh("made up", "a", null))).toBe("invalid_grant");
    expect(families.refresh(first, "a", null).family.redemptions).toBe(1);
    expect(families.takeAlarms()).toEqual([]);
  });

  test("is worth nothing once its time is over", () => {
    const { families, first, pass } = begin();
    const { access, refresh } = families.refresh(first, "a", null);
    pass(3_599);
    expect(families.worth(access).kind).toBe("good");
    pass(1);
    expect(families.worth(access).kind).toBe("expired");
    pass(86_400 - 3_600);
    expect(refusalOf(() => families.refresh(refresh!, "a", null))).toBe("invalid_grant");
    expect(families.takeAlarms()).toEqual([]);
    const late = families.issue(GRANT, true);
    families.expireAccess();
    expect(families.worth(late.access).kind).toBe("expired");
    expect(families.worth("made up").kind).toBe("unknown");
  });

  test("ends when any of its tokens is revoked", () => {
    const { families, first } = begin();
    const { access } = families.refresh(first, "a", null);
    expect(families.revoke(first)?.number).toBe(1);
    expect(families.worth(access).kind).toBe("revoked");
    expect(families.revoke("made up")).toBeUndefined();
  });

  test("comes of a code that is redeemed once, and is revoked when it comes again", () => {
    const { families, pass } = begin();
    const binding = { redirectUri: "http://127.0.0.1:1/", challenge: "c" };
    const code = families.code(GRANT, binding);
    expect(families.redeemCode(code)).toMatchObject({ binding, family: { number: 2 } });
    expect(refusalOf(() => families.redeemCode(code))).toBe("invalid_grant");
    expect(families.takeAlarms()).toMatchObject([{ spent: "code", family: { number: 2, revoked: true } }]);
    const late = families.code(GRANT, binding);
    pass(60);
    expect(refusalOf(() => families.redeemCode(late))).toBe("invalid_grant");
  });

  test("marks every secret", () => {
    const { families, first } = begin();
    const { access, refresh } = families.refresh(first, "a", null);
    const code = families.code(GRANT, { redirectUri: "", challenge: "" });
    expect(families.secrets).toEqual(expect.arrayContaining([first, access, refresh!, code]));
    for (const secret of families.secrets) expect(secret).toContain(families.marker);
  });
});
