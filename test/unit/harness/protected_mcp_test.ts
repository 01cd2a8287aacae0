import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { FakeAs } from "../../harness/fake_as.ts";
import { ask } from "../../harness/hand_client.ts";
import { ProtectedMcp } from "../../harness/protected_mcp.ts";

let as: FakeAs;
let mcp: ProtectedMcp;
beforeEach(() => {
  as = new FakeAs();
  mcp = new ProtectedMcp(as);
});
afterEach(() => {
  mcp[Symbol.dispose]();
  as[Symbol.dispose]();
});

/** Calls a tool, and gives the status and the challenge. */
async function call(token?: string, name = "plain"): Promise<{ status: number; challenge: string }> {
  const { status, headers } = await ask(mcp.url, {
    method: "POST",
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name } }),
  });
  return { status, challenge: headers.get("www-authenticate") ?? "" };
}

/** An access token for this server. */
function token(scope = ""): string {
  return as.issue({ resources: [mcp.url], scope }).access;
}

describe("a protected server", () => {
  test("tells who comes without a token where to learn more", async () => {
    mcp.scope = "mcp:read";
    const { status, challenge } = await call();
    expect(status).toBe(401);
    const [, url] = /^Bearer resource_metadata="([^"]+)", scope="mcp:read"$/.exec(challenge)!;
    expect((await ask(url!)).json).toMatchObject({ resource: mcp.url, "authorization_servers": [as.issuer] });
  });

  test("publishes its metadata where the test says, or nowhere", async () => {
    mcp.metadataPath = "/.well-known/oauth-protected-resource";
    const statuses = async (): Promise<number[]> =>
      await Promise.all(["", "/mcp"].map(async (tail) => {
        return (await ask(new URL(`/.well-known/oauth-protected-resource${tail}`, mcp.url).href)).status;
      }));
    expect(await statuses()).toEqual([200, 404]);
    mcp.metadataPath = undefined;
    expect(await statuses()).toEqual([404, 404]);
    mcp.challenge = {};
    expect((await call()).challenge).toBe("Bearer");
  });

  test("lets in a token that is for it, and no other", async () => {
    expect((await call(token())).status).toBe(200);
    expect((await call("made-up")).challenge).toContain('error="invalid_token"');
    expect((await call(as.issue({ resources: ["https://other.example/mcp"] }).access)).status).toBe(401);
    const old = token();
    as.tokens.expireAccess();
    expect((await call(old)).status).toBe(401);
    const gone = token();
    as.tokens.revoke(gone);
    expect((await call(gone)).status).toBe(401);
    expect(mcp.bearings.items.map(({ verdict }) => verdict)).toEqual([
      "good",
      "unknown",
      "wrong audience",
      "expired",
      "revoked",
    ]);
    expect(mcp.bearings.items[3]!.token).toBe(old);
    expect(mcp.judged("good")).toBe(1);
  });

  test("takes a token for any resource where none is named", async () => {
    mcp.audience = undefined;
    expect((await call(as.issue().access)).status).toBe(200);
  });

  test("asks for more scope for the tools that need it", async () => {
    mcp.scope = "mcp:read";
    mcp.toolScopes.set("delete", "mcp:write mcp:delete");
    expect((await call(token())).challenge).toContain('error="insufficient_scope", scope="mcp:read"');
    const reader = token("mcp:read");
    expect((await call(reader)).status).toBe(200);
    const { status, challenge } = await call(reader, "delete");
    expect(status).toBe(403);
    expect(challenge).toEndWith('error="insufficient_scope", scope="mcp:write mcp:delete"');
    expect((await call(token("mcp:read mcp:write mcp:delete"), "delete")).status).toBe(200);
  });

  test("can move to another authorization server", async () => {
    using other = new FakeAs();
    const old = token();
    mcp.moveTo(other);
    expect((await call(old)).status).toBe(401);
    expect((await call(other.issue({ resources: [mcp.url] }).access)).status).toBe(200);
    const { json } = await ask(new URL(mcp.metadataPath!, mcp.url).href);
    expect(json.authorization_servers).toEqual([other.issuer]);
  });
});
