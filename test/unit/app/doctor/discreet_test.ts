import { expect, test } from "bun:test";
import { examine, type Outcome } from "../../../../src/app/doctor/examine.ts";
import { SERVER_CHECKS } from "../../../../src/app/doctor/server_checks.ts";
import type { World } from "../../../../src/app/doctor/world.ts";
import { answering, pagesWorld } from "../../../harness/server_world.ts";
import { clientOf, discovered, METADATA, metadataOf, PRM, resourceOf, SERVER } from "../../auth/rig.ts";

const TOKEN = "0123456789abcdef".repeat(30);

/** What a check finds. */
async function found(code: string, world: World): Promise<Outcome> {
  const check = SERVER_CHECKS.find((candidate) => candidate.code === code)!;
  return await examine([{ ...check, after: [] }], world, { part: "server" }).get(code)!;
}

test("a token that a server repeats is not shown, not even its first half", async () => {
  await using stack = new AsyncDisposableStack();
  const grant = { version: 1 as const, discovery: await discovered(), client: clientOf(), scope: undefined };
  const tokens = { accessToken: TOKEN, tokenType: "Bearer" as const, receivedAt: Date.now() };
  const page = answering(({ id }, { headers }) => ({
    jsonrpc: "2.0",
    id,
    error: { code: -32_603, message: `what is ${headers.get("authorization")}, and ${"x".repeat(50)}?` },
  }));
  const world = await pagesWorld(stack, { [SERVER.href]: page }, { server: SERVER }, { grant, tokens });
  const outcome = await found("server-session", world);
  expect(outcome.text).toContain("what is Bearer ***");
  expect(JSON.stringify(outcome)).not.toContain(TOKEN.slice(0, 12));
});

test("what a server says at length is cut", async () => {
  await using stack = new AsyncDisposableStack();
  const scopes = Array.from({ length: 10_000 }, (_, number) => `scope-${number}-${"x".repeat(90)}`);
  const world = await pagesWorld(stack, {
    [SERVER.href]: () => new Response(null, { status: 401, headers: { "www-authenticate": "Bearer" } }),
    [PRM]: resourceOf({ "scopes_supported": scopes }),
    [METADATA]: metadataOf({ "grant_types_supported": ["authorization_code", ...scopes] }),
  }, { server: SERVER });
  for (const code of ["server-metadata", "authorization-server-offers"]) {
    expect(JSON.stringify(await found(code, world)).length).toBeLessThan(10_000);
  }
});
