/**
 * Real servers behind one `mcp-bridge serve`, driven by the clients that people use, over both HTTP transports. What a
 * server says to a client that speaks to it directly is the measure of what it has to say through the endpoint.
 */
import { afterAll, describe, expect, test } from "bun:test";
import { DualEraServer } from "../conformance/dual_era_server.ts";
import { ENTRY, EverythingServer } from "../harness/everything_server.ts";
import type { Message } from "../harness/executable.ts";
import { inspectOverHttp } from "../harness/inspector.ts";
import { Log } from "../harness/log.ts";
import { OidcScene } from "../harness/oidc_scene.ts";
import {
  closeWithoutComplaint,
  outcomeOf,
  type Role,
  roleOf,
  type SdkClient,
  type SdkClientKind,
  textOf,
  type ToolResult,
} from "../harness/sdk_client.ts";
import { ServeExecutable } from "../harness/serve_executable.ts";
import { V1_CLIENT } from "../harness/v1_client.ts";
import { V2_AUTO_CLIENT, V2_LEGACY_CLIENT, V2_PINNED_CLIENT } from "../harness/v2_client.ts";

const http = await EverythingServer.start();
const sse = await EverythingServer.start("sse");
const dual = new DualEraServer();
const signIn = await OidcScene.open();
const serve = await ServeExecutable.start({
  http: { url: http.url },
  sse: { type: "sse", url: sse.url },
  stdio: { command: process.execPath, args: [ENTRY, "stdio"] },
  dual: { url: dual.url },
  guarded: { url: signIn.server.mcp.url },
}, { home: signIn.home, env: signIn.browser.env });
afterAll(async () => {
  for (const part of [serve, http, sse, dual, signIn]) await part[Symbol.asyncDispose]();
});

function isOfProgress(complaint: string): boolean {
  return complaint.startsWith("Received a progress notification for an unknown token");
}

type Transport = "/mcp" | "/sse";

/** A client at the endpoint. Disposing it closes it, and throws when its SDK complained. */
async function connect(
  kind: SdkClientKind,
  transport: Transport,
  name: string,
  role: Partial<Role> = {},
): Promise<{ client: SdkClient } & AsyncDisposable> {
  const over = transport === "/mcp" ? kind.overHttp : kind.overSse;
  const client = await over(`${serve.url}${transport}${name === "" ? "" : `/${name}`}`, roleOf(role), serve.headers);
  return { client, [Symbol.asyncDispose]: () => closeWithoutComplaint(client) };
}

const STORIES: readonly [kind: SdkClientKind, transport: Transport, name: string][] = [
  [V1_CLIENT, "/mcp", "http"],
  [V1_CLIENT, "/mcp", "sse"],
  [V1_CLIENT, "/mcp", "stdio"],
  [V1_CLIENT, "/sse", "http"],
  [V1_CLIENT, "/sse", "stdio"],
  [V2_LEGACY_CLIENT, "/mcp", "http"],
  [V2_LEGACY_CLIENT, "/mcp", "stdio"],
  [V2_LEGACY_CLIENT, "/sse", "sse"],
  [V2_AUTO_CLIENT, "/mcp", "http"],
];

describe.each(
  STORIES.map(([kind, transport, name]) =>
    [`${kind.name} through ${transport}/${name}`, kind, transport, name] as const
  ),
)(
  "%s",
  (_story, kind, transport, name) => {
    test("has all that the server offers, as the server says it", async () => {
      await using session = await connect(kind, transport, name);
      await using direct = await kind.overHttp(http.url, roleOf());
      const [{ sdk }, { sdk: bare }] = [session.client, direct];
      expect(sdk.getServerVersion()).toEqual(bare.getServerVersion()!);
      expect(sdk.getInstructions()).toBe(bare.getInstructions()!);
      expect<unknown>(await sdk.listTools()).toEqual(await bare.listTools());
      expect<unknown>(await sdk.listPrompts()).toEqual(await bare.listPrompts());
      expect<unknown>(await sdk.listResourceTemplates()).toEqual(await bare.listResourceTemplates());
      const uri = "demo://resource/static/document/features.md";
      expect<unknown>(await sdk.readResource({ uri })).toEqual(await bare.readResource({ uri }));
      const prompt = { name: "args-prompt", arguments: { city: "Z\u00fcrich", state: "\ud83c\udde8" } };
      expect<unknown>(await sdk.getPrompt(prompt)).toEqual(await bare.getPrompt(prompt));
      const asked = {
        ref: { type: "ref/prompt" as const, name: "completable-prompt" },
        argument: { name: "department", value: "S" },
      };
      expect<unknown>(await sdk.complete(asked)).toEqual(await bare.complete(asked));
      expect(await session.client.call("get-tiny-image")).toEqual(await direct.call("get-tiny-image"));
      expect(await outcomeOf(session.client.call("get-sum", { a: "two" })))
        .toEqual(await outcomeOf(direct.call("get-sum", { a: "two" })));
    });

    test("hears of progress, of logs, of the resource that it follows and of changed lists", async () => {
      await using session = await connect(kind, transport, name);
      const { client } = session;
      const steps: number[] = [];
      await client.call("trigger-long-running-operation", { duration: 0.2, steps: 5 }, {
        onprogress: ({ progress }) => void steps.push(progress),
      });
      // Both SDKs take up a result before the notifications that came in the same read, and so can lose the last steps.
      expect(steps[0]).toBe(1);
      expect(steps).toEqual([1, 2, 3, 4, 5].slice(0, steps.length));
      await client.sdk.setLoggingLevel("debug");
      await client.call("toggle-simulated-logging");
      await client.notifications.find(({ method }) => method === "notifications/message");
      await client.call("toggle-simulated-logging");
      const uri = "demo://resource/dynamic/text/1";
      await client.sdk.subscribeResource({ uri });
      await client.call("toggle-subscriber-updates");
      const updated = await client.notifications.find(({ method }) => method === "notifications/resources/updated");
      expect(updated.params).toEqual({ uri });
      await client.call("toggle-subscriber-updates");
      await client.call("gzip-file-as-resource", { name: "a.gz", data: "data:text/plain,hello" });
      await client.notifications.find(({ method }) => method === "notifications/resources/list_changed");
      client.complaints.splice(0, client.complaints.length, ...client.complaints.filter((text) => !isOfProgress(text)));
    });

    test("is asked by the server in the midst of its calls: to sample, to fill in a form, for its roots", async () => {
      await using session = await connect(kind, transport, name, {
        sample: ({ messages }) => `answer to ${messages[0].content.text}`,
        elicit: () => ({ action: "accept", content: { name: "Ada", check: true } }),
        roots: () => [{ uri: "file:///one", name: "first" }],
      });
      const sampled = await session.client.call("trigger-sampling-request", { prompt: "six by seven" });
      expect(textOf(sampled)).toContain("six by seven");
      expect(textOf(await session.client.call("trigger-elicitation-request"))).toContain("Name: Ada");
      expect(textOf(await session.client.call("get-roots-list"))).toContain("file:///one");
    });

    test("cancels a call, and the next one works", async () => {
      const asked = Promise.withResolvers<void>();
      const over = Promise.withResolvers<void>();
      await using session = await connect(kind, transport, name, {
        sample: async () => {
          asked.resolve();
          await over.promise;
          return "too late";
        },
      });
      const abort = new AbortController();
      const call = outcomeOf(
        session.client.call("trigger-sampling-request", { prompt: "wait" }, { signal: abort.signal }),
      );
      await asked.promise;
      abort.abort("changed my mind");
      expect(await call).toMatchObject({ error: { message: expect.stringContaining("changed my mind") } });
      over.resolve();
      expect(textOf(await session.client.call("echo", { message: "still here" }))).toBe("Echo: still here");
    });
  },
);

/** Calls of each client: all of them stay below the 256 requests that Bun's fetch keeps in flight in this process. */
const MANY = 40;

describe("many clients of one server", () => {
  test.each(["http", "stdio"])(
    "at %s, each asked in the midst of its calls, are asked for their own calls alone",
    async (name) => {
      const all = await Promise.all(Array.from({ length: 5 }, async (_, index) => {
        const asked = new Log<Message>();
        const session = await connect(V1_CLIENT, "/mcp", name, {
          sample: async (params) => {
            asked.add(params);
            await asked.find(() => asked.items.length === MANY);
            return `client ${index} says: ${params.messages[0].content.text}`;
          },
        });
        return { session, asked };
      }));
      await Promise.all(all.map(async ({ session, asked }, index) => {
        const prompts = Array.from({ length: MANY }, (_, n) => `prompt ${n} of client ${index}.`);
        const results = await Promise.all(
          prompts.map((prompt) => session.client.call("trigger-sampling-request", { prompt })),
        );
        for (const [n, result] of results.entries()) {
          expect(textOf(result)).toContain(prompts[n]!);
          expect(textOf(result)).toContain(`client ${index} says`);
        }
        expect(asked.items.every((params) => JSON.stringify(params).includes(`of client ${index}.`))).toBe(true);
        await session[Symbol.asyncDispose]();
      }));
    },
    60_000,
  );
});

describe("a client of 2026-07-28", () => {
  test.each([V2_PINNED_CLIENT, V2_AUTO_CLIENT])("$name speaks to the dual-era server in that era", async (kind) => {
    await using session = await connect(kind, "/mcp", "dual");
    await using direct = await kind.overHttp(dual.url, roleOf());
    const { client } = session;
    expect(client.era).toBe("modern");
    expect<unknown>(await client.sdk.listTools()).toEqual(await direct.sdk.listTools());
    expect(await client.call("test_simple_text")).toEqual(await direct.call("test_simple_text"));
    await client.listen();
  });

  test("hears of changes where it listens, as do others beside it, and no longer when it has gone", async () => {
    const sessions = await Promise.all([1, 2].map(() => connect(V2_PINNED_CLIENT, "/mcp", "dual")));
    const before = dual.streams.items.length;
    for (const { client } of sessions) await client.listen();
    await dual.streams.find(() => dual.streams.items.length >= before + 2);
    dual.changes.changeTools();
    for (const { client } of sessions) {
      await client.notifications.find(({ method }) => method === "notifications/tools/list_changed");
    }
    for (const session of sessions) await session[Symbol.asyncDispose]();
  });
});

describe("all of them as one", () => {
  test.each([V1_CLIENT, V2_AUTO_CLIENT])("$name reaches each, that behind a sign-in included", async (kind) => {
    await using session = await connect(kind, "/mcp", "");
    const { client } = session;
    const changed = client.notifications.find(({ method }) => method === "notifications/tools/list_changed");
    let names = (await client.sdk.listTools()).tools.map(({ name }) => name);
    // Somebody has to sign in first.
    if (!names.includes("guarded__read")) await changed;
    names = (await client.sdk.listTools()).tools.map(({ name }) => name);
    expect([...new Set(names.map((name) => name.split("__")[0]!))]).toEqual([
      "http",
      "sse",
      "stdio",
      "dual",
      "guarded",
    ]);
    for (const name of ["http", "sse", "stdio"]) {
      expect(textOf(await client.call(`${name}__echo`, { message: name }))).toBe(`Echo: ${name}`);
    }
    expect(textOf(await client.call("dual__test_simple_text"))).toContain("simple text");
    expect(textOf(await client.call("guarded__read"))).toBe("read is done");
    expect(signIn.browser.count).toBe(1);
    expect(serve.leaks(signIn.server.secrets)).toEqual([]);
  });
});

describe("the inspector", () => {
  test("lists and calls over HTTP, in the revision it knows best and in the one it negotiates", async () => {
    for (const era of ["legacy", "auto"]) {
      const ask = (...words: [string, ...string[]]): Promise<unknown> =>
        inspectOverHttp(`${serve.url}/mcp/http`, serve.headers, ...words, "--protocol-era", era);
      const { tools } = await ask("tools/list") as { tools: { name: string }[] };
      expect(tools.map(({ name }) => name)).toContain("get-sum");
      const sum = await ask("tools/call", "--tool-name", "get-sum", "--tool-args-json", '{"a":40,"b":2}');
      expect(textOf(sum as ToolResult)).toBe("The sum of 40 and 2 is 42.");
    }
  });
});
