import type { Client as V2Client } from "@modelcontextprotocol/client";
import type { Client as V1Client } from "@modelcontextprotocol/sdk/client/index.js";
import { describe, expect, test } from "bun:test";
import type { Message } from "../harness/executable.ts";
import type { SdkClient, SdkClientKind } from "../harness/sdk_client.ts";
import { V1_CLIENT } from "../harness/v1_client.ts";
import { V2_AUTO_CLIENT } from "../harness/v2_client.ts";
import { DualEraServer, type Era } from "./dual_era_server.ts";

const MODERN = "2026-07-28";
const WATCHED = "test://watched-resource";
const INITIALIZE = {
  method: "initialize",
  params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "by-hand", version: "1.0.0" } },
};
const DISCOVER = {
  method: "server/discover",
  params: {
    _meta: {
      "io.modelcontextprotocol/protocolVersion": MODERN,
      "io.modelcontextprotocol/clientCapabilities": {},
    },
  },
};

function connect(kind: SdkClientKind, { url }: DualEraServer): Promise<SdkClient> {
  return kind.overHttp(url, {
    sample: () => "Paris",
    elicit: () => ({ action: "accept", content: { username: "ada", email: "ada@example.com" } }),
    roots: () => [],
  });
}

async function post({ url }: DualEraServer, message: Message): Promise<{ status: number; answer: Message }> {
  const response = await fetch(url, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      "accept": "application/json, text/event-stream",
      ...(message === DISCOVER ? { "mcp-protocol-version": MODERN, "mcp-method": DISCOVER.method } : {}),
    },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, ...message }),
  });
  return { status: response.status, answer: await response.json() as Message };
}

function revisionOf({ sdk }: SdkClient): string | undefined {
  return (sdk as V2Client).getNegotiatedProtocolVersion();
}

async function heard({ notifications }: SdkClient, method: string): Promise<Message> {
  return await notifications.find((notification) => notification.method === method);
}

describe("a server of both eras", () => {
  test("offers the same to clients of either era at one address", async () => {
    await using server = new DualEraServer();
    await using legacy = await connect(V1_CLIENT, server);
    await using modern = await connect(V2_AUTO_CLIENT, server);
    expect(revisionOf(modern)).toBe(MODERN);
    const [before, after] = await Promise.all([legacy, modern].map(({ sdk }) => sdk.listTools()));
    expect(before!.tools.map(({ name }) => name)).toEqual(after!.tools.map(({ name }) => name));
  });

  test.each([V1_CLIENT, V2_AUTO_CLIENT])("asks the person in the way of the client's era: $name", async (kind) => {
    await using server = new DualEraServer();
    await using client = await connect(kind, server);
    const { content } = await client.call("test_elicitation", { message: "Who is it?" });
    expect(content[0]!.text).toBe(
      'User response: action=accept, content={"username":"ada","email":"ada@example.com"}',
    );
  });

  test("tells a session of the handshake's era what has changed", async () => {
    await using server = new DualEraServer();
    await using client = await connect(V1_CLIENT, server);
    await (client.sdk as V1Client).subscribeResource({ uri: WATCHED });
    await server.streams.find(() => true);
    server.changes.changeTools();
    server.changes.changePrompts();
    server.changes.changeResource("test://static-text");
    server.changes.changeResource(WATCHED);
    await heard(client, "notifications/tools/list_changed");
    await heard(client, "notifications/prompts/list_changed");
    expect((await heard(client, "notifications/resources/updated")).params).toMatchObject({ uri: WATCHED });
  });

  test("tells a subscription of 2026-07-28 what has changed", async () => {
    await using server = new DualEraServer();
    await using client = await connect(V2_AUTO_CLIENT, server);
    await (client.sdk as V2Client).listen({ toolsListChanged: true, resourceSubscriptions: [WATCHED] });
    server.changes.changePrompts();
    server.changes.changeTools();
    server.changes.changeResource(WATCHED);
    await heard(client, "notifications/tools/list_changed");
    expect((await heard(client, "notifications/resources/updated")).params).toMatchObject({ uri: WATCHED });
    expect(client.notifications.items.map(({ method }) => method)).not.toContain("notifications/prompts/list_changed");
  });

  test("shows in its lists that they have changed", async () => {
    await using server = new DualEraServer();
    await using legacy = await connect(V1_CLIENT, server);
    await using modern = await connect(V2_AUTO_CLIENT, server);
    server.changes.changeTools();
    for (const { sdk } of [legacy, modern]) {
      const changing = (await sdk.listTools()).tools.find(({ name }) => name === "test_changing_tool");
      expect(changing!.description).toBe("The list of tools has changed 1 times");
    }
  });
});

describe("a server of the handshake's era alone", () => {
  const era: Era = "legacy";

  test("refuses server/discover with a code that says nothing of eras", async () => {
    await using server = new DualEraServer({ era });
    const { status, answer } = await post(server, DISCOVER);
    expect(status).toBe(400);
    expect(answer.error.code).toBe(-32_000);
  });

  test("is spoken to in its era by a client of both", async () => {
    await using server = new DualEraServer({ era });
    await using client = await connect(V2_AUTO_CLIENT, server);
    expect(revisionOf(client)).toBe("2025-11-25");
  });
});

describe("a server of 2026-07-28 alone", () => {
  const era: Era = "modern";

  test("refuses initialize with the revisions that it supports", async () => {
    await using server = new DualEraServer({ era });
    const { status, answer } = await post(server, INITIALIZE);
    expect(status).toBe(400);
    expect(answer.error).toMatchObject({ code: -32_022, data: { supported: [MODERN], requested: "2025-11-25" } });
  });

  test("has neither streams of its own nor sessions to end", async () => {
    await using server = new DualEraServer({ era });
    for (const method of ["GET", "DELETE"]) expect((await fetch(server.url, { method })).status).toBe(405);
  });

  test("is of no use to a client of the handshake's era", async () => {
    await using server = new DualEraServer({ era });
    await expect(connect(V1_CLIENT, server)).rejects.toThrow("-32022");
  });
});
