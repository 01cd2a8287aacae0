import { describe, expect, test } from "bun:test";
import { renew } from "../../../src/auth/renewal.ts";
import type { Page } from "../../harness/fake_wire.ts";
import { grantOf } from "../../harness/grant.ts";
import { ISSUER, SERVER, toolsOf } from "./rig.ts";

const HELD = { accessToken: "old", refreshToken: "first", tokenType: "Bearer", receivedAt: 0 } as const;
const WHOLE = JSON.stringify({ "access_token": "new", "refresh_token": "second", "token_type": "Bearer" });
const JSON_TYPE = { "content-type": "application/json; charset=utf-8" };

async function outcomeOf(page: Page): Promise<string> {
  const tools = toolsOf({ [`${ISSUER}/token`]: page });
  return (await renew(HELD, grantOf(SERVER.href, ISSUER), { ...tools, prover: undefined })).kind;
}

describe("of an answer whose connection ends without a word on its length, a refresh token is spent", () => {
  test("by each part of it (C7)", async () => {
    for (let end = 0; end < WHOLE.length; end++) {
      const answer = new Response(WHOLE.slice(0, end), { headers: JSON_TYPE });
      expect([end, await outcomeOf(answer)]).toEqual([end, "lost"]);
    }
    expect(await outcomeOf(new Response(WHOLE, { headers: JSON_TYPE }))).toBe("renewed");
  });

  test("by tokens that cannot be used (C7)", async () => {
    for (const token of ["a\r\nb", "", 7]) expect(await outcomeOf({ "access_token": token })).toBe("lost");
  });

  test.each<[what: string, page: Page]>([
    ["a page", new Response("<!doctype html>", { headers: { "content-type": "text/html" } })],
    ["JSON that speaks of no token", { message: "slow down" }],
    ["503", 503],
  ])("but not by %s (C8)", async (_what, page) => expect(await outcomeOf(page)).toBe("unspent"));
});
