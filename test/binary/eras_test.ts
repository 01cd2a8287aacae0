/**
 * Clients and servers of both eras with the executable between them. All that the older side of a pair can express
 * works; what it cannot is an error that says so.
 */
import { describe, expect, test } from "bun:test";
import { DualEraServer, type Era } from "../conformance/dual_era_server.ts";
import { commandOf, Executable, type Message } from "../harness/executable.ts";
import { Home } from "../harness/home.ts";
import { Recorder } from "../harness/recorder.ts";
import {
  closeWithoutComplaint,
  type Elicited,
  outcomeOf,
  type Role,
  roleOf,
  type SdkClient,
  type SdkClientKind,
  textOf,
} from "../harness/sdk_client.ts";
import { V1_CLIENT } from "../harness/v1_client.ts";
import { V2_AUTO_CLIENT, V2_LEGACY_CLIENT, V2_PINNED_CLIENT } from "../harness/v2_client.ts";

const MODERN = "2026-07-28";
const VERSION = "io.modelcontextprotocol/protocolVersion";
const CAPABILITIES = "io.modelcontextprotocol/clientCapabilities";
/** What a request says of its sender that comes without a handshake. */
const META = { [VERSION]: MODERN, [CAPABILITIES]: {} };
const WATCHED = "test://watched-resource";

const LEGACY_CLIENTS = [V1_CLIENT, V2_LEGACY_CLIENT];
const MODERN_CLIENTS = [V2_AUTO_CLIENT, V2_PINNED_CLIENT];

/** A client at a server, and the era of what each of them speaks to the executable. */
interface Pair {
  readonly kind: SdkClientKind;
  readonly server: Era;
  readonly client: "legacy" | "modern";
  readonly wire: "legacy" | "modern";
}

/** Every pair that can come together: nobody translates for a client that knows no handshake. */
const PAIRS: readonly Pair[] = [
  ...LEGACY_CLIENTS.flatMap((kind): Pair[] => [
    { kind, server: "legacy", client: "legacy", wire: "legacy" },
    { kind, server: "dual", client: "legacy", wire: "legacy" },
    { kind, server: "modern", client: "legacy", wire: "modern" },
  ]),
  { kind: V2_AUTO_CLIENT, server: "legacy", client: "legacy", wire: "legacy" },
  ...MODERN_CLIENTS.flatMap((kind): Pair[] => [
    { kind, server: "dual", client: "modern", wire: "modern" },
    { kind, server: "modern", client: "modern", wire: "modern" },
  ]),
];

/** A server, and a client at it through the executable. Disposing it throws when the SDK complained. */
class Meeting implements AsyncDisposable {
  readonly server: DualEraServer;
  readonly client: SdkClient;
  /** What passed on the way to the server. */
  readonly messages: readonly Message[];
  readonly #all: AsyncDisposableStack;

  private constructor(server: DualEraServer, client: SdkClient, { messages }: Recorder, all: AsyncDisposableStack) {
    this.server = server;
    this.client = client;
    this.messages = messages.items;
    this.#all = all;
  }

  static async of({ kind, server: era }: Pair, role: Partial<Role> = {}, home?: Home): Promise<Meeting> {
    await using stack = new AsyncDisposableStack();
    const place = home ?? stack.use(new Home());
    const server = stack.use(new DualEraServer({ era }));
    const recorder = stack.use(new Recorder(server.url));
    const client = await kind.overStdio(commandOf(place, recorder.url), roleOf(role));
    stack.defer(() => closeWithoutComplaint(client));
    return new Meeting(server, client, recorder, stack.move());
  }

  /** The text that a tool gives back. */
  async say(tool: string, args?: Record<string, unknown>): Promise<string> {
    return textOf(await this.client.call(tool, args));
  }

  /** Has the client listen for changes, and waits until the server's words find their way. */
  async listen(...uris: string[]): Promise<void> {
    await this.client.listen(...uris);
    await this.server.streams.find(() => true);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#all.disposeAsync();
  }
}

function isModern({ method, params }: Message): boolean {
  return method === "server/discover" || params?._meta?.[VERSION] !== undefined;
}

function isNews({ method }: Message): boolean {
  return method.endsWith("/list_changed") || method.endsWith("/updated");
}

/** The names of all that a client finds. */
async function namesOf({ sdk }: SdkClient): Promise<string[]> {
  return [
    ...(await sdk.listTools()).tools.map(({ name }) => name),
    ...(await sdk.listResources()).resources.map(({ uri }) => uri),
    ...(await sdk.listResourceTemplates()).resourceTemplates.map(({ uriTemplate }) => uriTemplate),
    ...(await sdk.listPrompts()).prompts.map(({ name }) => name),
  ];
}

describe.each(PAIRS.map((pair) => [`${pair.kind.name} at a ${pair.server} server`, pair] as const))("%s", (_, pair) => {
  test("each is spoken to in its own era where that can be", async () => {
    await using meeting = await Meeting.of(pair);
    const { client, messages, server } = meeting;
    expect(client.era).toBe(pair.client);
    expect(client.sdk.getServerVersion()).toMatchObject({ name: "dual-era" });
    expect(client.sdk.getInstructions()).toBe("Call what the conformance suite calls.");
    await meeting.say("test_simple_text");
    await client.listen();
    if (pair.wire === "legacy" || pair.client === "legacy") await server.streams.find(() => true);
    const others = messages.filter((message) => isModern(message) !== (pair.wire === "modern"));
    // The client's handshake goes first, unprobed, and a client of both eras asks first.
    const expected = pair.client === pair.wire ? [] : ["initialize"];
    if (pair.kind === V2_AUTO_CLIENT && pair.wire === "legacy") expected.push("server/discover");
    expect(others.map(({ method }) => method)).toEqual(expected);
  });

  test("lists hold what the server lists", async () => {
    await using meeting = await Meeting.of(pair);
    await using direct = await V2_AUTO_CLIENT.overHttp(meeting.server.url, roleOf());
    const [listed, expected] = await Promise.all([meeting.client, direct].map(namesOf));
    expect(listed).toEqual(expected!);
    expect(listed).toEqual(expect.arrayContaining(["test_custom_headers", WATCHED, "test_simple_prompt"]));
  });

  test("a tool is called, and one that fails says why", async () => {
    await using meeting = await Meeting.of(pair);
    expect(await meeting.say("test_simple_text")).toBe("This is a simple text response for testing.");
    const { content } = await meeting.client.call("test_multiple_content_types");
    expect(content.map(({ type }) => type)).toEqual(["text", "image", "resource"]);
    const failed = await meeting.client.call("test_error_handling");
    expect(failed.isError).toBe(true);
    expect(textOf(failed)).toBe("This tool intentionally returns an error for testing");
  });

  test("a tool has the header that it wants of an argument", async () => {
    await using meeting = await Meeting.of(pair);
    expect(await meeting.say("test_custom_headers", { region: "north \u00e9" })).toBe("The region is north \u00e9.");
  });

  test("the progress of a call is heard", async () => {
    await using meeting = await Meeting.of(pair);
    const heard: number[] = [];
    const onprogress = ({ progress }: { progress: number }): void => void heard.push(progress);
    await meeting.client.call("test_tool_with_progress", {}, { onprogress });
    // Both SDKs take up a result before notifications that came in the same read: on a busy machine the last are lost.
    expect(heard).toEqual([0, 50, 100].slice(0, Math.max(heard.length, 1)));
    meeting.client.complaints.length = 0;
  });

  test("the log of a call is heard from the level that was asked for", async () => {
    await using meeting = await Meeting.of(pair);
    const { notifications } = meeting.client;
    await meeting.client.logFrom("error");
    await meeting.say("test_logging_tool");
    await meeting.client.logFrom("info");
    await meeting.say("test_tool_with_logging");
    const log = (): Message[] => notifications.items.filter(({ method }) => method === "notifications/message");
    await notifications.find(() => log().length >= 3);
    expect(log().map(({ params }) => params.data)).toEqual([
      "Tool execution started",
      "Tool processing data",
      "Tool execution completed",
    ]);
  });

  test("a form is filled in, and declined", async () => {
    const forms: Message[] = [];
    const content = { username: "ada", email: "ada@example.com" };
    const answers: Elicited[] = [{ action: "accept", content }, { action: "decline" }, { action: "cancel" }];
    await using meeting = await Meeting.of(pair, { elicit: (form) => answers[forms.push(form) - 1]! });
    const said: string[] = [];
    for (const _ of answers) said.push(await meeting.say("test_elicitation", { message: "Who is it?" }));
    expect(said).toEqual([
      `User response: action=accept, content=${JSON.stringify(content)}`,
      "User response: action=decline, content={}",
      "User response: action=cancel, content={}",
    ]);
    expect(forms[0]).toMatchObject({ message: "Who is it?", requestedSchema: { required: ["username", "email"] } });
  });

  test("a page is visited, and not visited", async () => {
    const pages: Message[] = [];
    const answers: Elicited[] = [{ action: "accept" }, { action: "decline" }];
    await using meeting = await Meeting.of(pair, { elicit: (page) => answers[pages.push(page) - 1]! });
    expect(await meeting.say("test_url_elicitation")).toBe("Visit: action=accept");
    expect(await meeting.say("test_url_elicitation")).toBe("Visit: action=decline");
    for (const page of pages) expect(page).toMatchObject({ mode: "url", url: "https://pay.example/42" });
    // Up to 2025-11-25 each has an id.
    const ids = new Set(pages.map(({ elicitationId }) => elicitationId));
    expect([...ids].filter((id) => id !== undefined)).toHaveLength(pair.client === "legacy" ? 2 : 0);
  });

  test("the client's model is asked", async () => {
    await using meeting = await Meeting.of(pair, { sample: ({ messages }) => `You said ${messages[0].content.text}` });
    expect(await meeting.say("test_sampling", { prompt: "hello" })).toContain("You said hello");
  });

  test("the client's roots are read", async () => {
    await using meeting = await Meeting.of(pair, { roots: () => [{ uri: "file:///one", name: "first" }] });
    expect(await meeting.say("test_input_required_result_list_roots")).toContain("file:///one");
  });

  test("several things are asked at once, and one after the other", async () => {
    await using meeting = await Meeting.of(pair, {
      sample: () => "Good morning",
      elicit: ({ requestedSchema: { required: [field] } }): Elicited => {
        return { action: "accept", content: { [field]: field === "name" ? "Ada" : "green" } };
      },
      roots: () => [{ uri: "file:///home", name: "home" }],
    });
    const all = await meeting.say("test_input_required_result_multiple_inputs");
    for (const part of ["Good morning", "Ada", "file:///home"]) expect(all).toContain(part);
    expect(await meeting.say("test_input_required_result_multi_round")).toBe("Ada likes green.");
  });

  test("what the client answers with an error is told", async () => {
    await using meeting = await Meeting.of(pair, {
      sample: () => {
        throw new Error("No model is at hand");
      },
    });
    const outcome = await outcomeOf(meeting.client.call("test_sampling", { prompt: "hello" }));
    expect(JSON.stringify(outcome)).toContain("No model is at hand");
    expect(await meeting.say("test_simple_text")).toContain("simple text");
  });

  test("a call that is cancelled ends at the server", async () => {
    await using meeting = await Meeting.of(pair);
    const { client, server } = meeting;
    const abort = new AbortController();
    const call = outcomeOf(client.call("test_waiting_tool", {}, { signal: abort.signal }));
    await server.waits.find((wait) => wait === "begun");
    abort.abort("changed my mind");
    await server.waits.find((wait) => wait === "cancelled");
    expect(await call).toMatchObject({ error: { message: expect.stringContaining("changed my mind") } });
    expect(await meeting.say("test_simple_text")).toContain("simple text");
  });

  test("a call that is cancelled while the client is asked is over, and the next one works", async () => {
    const [asked, late] = [Promise.withResolvers<void>(), Promise.withResolvers<Elicited>()];
    await using meeting = await Meeting.of(pair, {
      elicit: () => {
        asked.resolve();
        return late.promise;
      },
    });
    const abort = new AbortController();
    const call = outcomeOf(meeting.client.call("test_url_elicitation", {}, { signal: abort.signal }));
    await asked.promise;
    abort.abort("changed my mind");
    late.resolve({ action: "accept" });
    expect(await call).toMatchObject({ error: { message: expect.stringContaining("changed my mind") } });
    expect(await meeting.say("test_simple_text")).toContain("simple text");
  });

  test("changes to the resource that is subscribed to are heard, and of no other", async () => {
    await using meeting = await Meeting.of(pair);
    const { client, server } = meeting;
    await meeting.listen(WATCHED);
    server.changes.changeResource("test://static-text");
    server.changes.changeResource(WATCHED);
    await client.notifications.find(isNews);
    server.changes.changeTools();
    await client.notifications.find(({ method }) => method.endsWith("/list_changed"));
    const updates = client.notifications.items.filter(({ method }) => method.endsWith("/updated"));
    expect(updates.map(({ params }) => params.uri)).toEqual([WATCHED]);
  });

  test("a change to the list of tools is heard, and stands in the list", async () => {
    await using meeting = await Meeting.of(pair);
    const { client, server } = meeting;
    await client.sdk.listTools();
    await meeting.listen();
    server.changes.changeTools();
    const news = await client.notifications.find(isNews);
    expect(news.method).toBe("notifications/tools/list_changed");
    const { tools } = await client.sdk.listTools();
    expect(tools.find(({ name }) => name === "test_changing_tool")!.description).toEndWith("changed 1 times");
  });

  test("arguments are completed", async () => {
    await using meeting = await Meeting.of(pair);
    const ref = { type: "ref/prompt" as const, name: "test_prompt_with_arguments" };
    const { completion } = await meeting.client.sdk.complete({ ref, argument: { name: "arg1", value: "park" } });
    expect(completion.values).toEqual(["park"]);
  });

  test("prompts are got, one that asks first too", async () => {
    const elicit = (): Elicited => ({ action: "accept", content: { context: "a test" } });
    await using meeting = await Meeting.of(pair, { elicit });
    const { sdk } = meeting.client;
    const args = { arg1: "one", arg2: "two" };
    const { messages } = await sdk.getPrompt({ name: "test_prompt_with_arguments", arguments: args });
    expect(messages).toMatchObject([{ content: { text: "Prompt with arguments: arg1='one', arg2='two'" } }]);
    const asked = await sdk.getPrompt({ name: "test_input_required_result_prompt" });
    expect(asked.messages).toMatchObject([{ content: { text: "The context is a test." } }]);
  });

  test("resources are read, and one that is not there is an error", async () => {
    await using meeting = await Meeting.of(pair);
    const { sdk } = meeting.client;
    const { contents } = await sdk.readResource({ uri: "test://template/7/data" });
    expect(JSON.parse((contents[0] as { text: string }).text)).toMatchObject({ id: "7" });
    const outcome = await outcomeOf(sdk.readResource({ uri: "test://nowhere" }));
    // Of both SDKs only the first shows the code that its era had for this.
    const code = pair.kind === V1_CLIENT && pair.wire === "modern" ? -32_002 : -32_602;
    const message = expect.stringContaining("test://nowhere");
    expect(outcome).toMatchObject({ error: { code, message, data: { uri: "test://nowhere" } } });
  });

  test("what the server refuses is an error in its words", async () => {
    await using meeting = await Meeting.of(pair);
    const { client } = meeting;
    const name = "nothing_like_this";
    const refusal = { error: { code: -32_602, message: expect.stringContaining(`${name} not found`) } };
    expect(await outcomeOf(client.call(name))).toMatchObject(refusal);
    expect(await outcomeOf(client.sdk.getPrompt({ name }))).toMatchObject(refusal);
  });
});

/** An `initialize` by hand. */
function initialize(protocolVersion: string, capabilities: Message): Message {
  return { protocolVersion, capabilities, clientInfo: { name: "by-hand", version: "1.0.0" } };
}

/** An executable by hand at a server of an era; without a handshake if none is given. */
async function startBy(server: DualEraServer, params: Message | undefined): Promise<Executable> {
  const bridge = new Executable(server.url);
  if (params === undefined) return bridge;
  await bridge.request({ id: "initialize", method: "initialize", params });
  bridge.send({ jsonrpc: "2.0", method: "notifications/initialized" });
  return bridge;
}

function call(name: string): Message {
  return { method: "tools/call", params: { name } };
}

describe.each(["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"])("a client of %s", (revision) => {
  test.each(["legacy", "dual", "modern"] as const)("is spoken to in its revision at a %s server", async (era) => {
    await using server = new DualEraServer({ era });
    await using bridge = new Executable(server.url);
    const { result } = await bridge.initialize(revision);
    expect(result).toMatchObject({ protocolVersion: revision, serverInfo: { name: "dual-era" } });
    const answer = await bridge.request({ id: 1, ...call("test_simple_text") });
    expect(answer.result.content[0].text).toContain("simple text");
  });
});

/** Who has no word for what: the client by its handshake, or one without; what it asks; and what it is told. */
const WORDLESS: readonly [what: string, era: Era, initialize: Message | undefined, request: Message, told: string][] = [
  [
    "a page, to a client that knows forms alone",
    "modern",
    initialize("2025-06-18", { elicitation: {} }),
    call("test_url_elicitation"),
    "do not declare the required capability",
  ],
  [
    "a page, to a client whose revision has none",
    "modern",
    initialize("2025-06-18", { elicitation: { url: {} } }),
    call("test_url_elicitation"),
    String.raw`the server asks for \"elicitation/create by URL\", which the client does not offer`,
  ],
  [
    "a page, to a client that knows forms alone",
    "dual",
    initialize("2025-06-18", { elicitation: {} }),
    call("test_url_elicitation"),
    "did not declare the required capability",
  ],
  [
    "a model, to a client that has none",
    "modern",
    initialize("2025-11-25", {}),
    call("test_missing_capability"),
    "do not declare the required capability",
  ],
  [
    "a model, to a client that has none",
    "legacy",
    initialize("2025-11-25", {}),
    call("test_missing_capability"),
    "did not declare the required capability",
  ],
  ["tasks", "modern", initialize("2025-11-25", {}), { method: "tasks/list" }, "Method not found"],
  ["tasks", "legacy", initialize("2025-11-25", {}), { method: "tasks/list" }, "Method not found"],
  ["ping", "modern", undefined, { method: "ping" }, "Method not found"],
  ["ping", "dual", undefined, { method: "ping" }, "Method not found"],
  [
    "a log level for all requests",
    "modern",
    undefined,
    { method: "logging/setLevel", params: { level: "info" } },
    "Method not found",
  ],
  [
    "a subscription to one resource",
    "modern",
    undefined,
    { method: "resources/subscribe", params: { uri: WATCHED } },
    "Method not found",
  ],
];

describe("what one side has no word for is an error that says so, and the next call works", () => {
  test.each(WORDLESS)("%s, %s server", async (_, era, params, request, told) => {
    await using server = new DualEraServer({ era });
    await using bridge = await startBy(server, params);
    const worded = ({ method, params: given }: Message): Message => ({
      method,
      params: { ...given, ...(params === undefined ? { _meta: META } : {}) },
    });
    const { result, error } = await bridge.request({ id: 1, ...worded(request) });
    // Up to 2025-11-25 a tool may say in its result what went wrong.
    expect(error !== undefined || result.isError).toBe(true);
    expect(JSON.stringify(error ?? result)).toContain(told);
    const next = await bridge.request({ id: 2, ...worded(call("test_simple_text")) });
    expect(next.result.content[0].text).toContain("simple text");
  });
});

describe("a client of 2026-07-28 alone at a server that knows handshakes alone", () => {
  test("does not connect, and says which revision it wants", async () => {
    using home = new Home();
    await using server = new DualEraServer({ era: "legacy" });
    const connected = V2_PINNED_CLIENT.overStdio(commandOf(home, server.url), roleOf());
    await expect(connected).rejects.toThrow(`did not offer pinned protocol version ${MODERN}`);
  });

  test("gets the server's own answer to server/discover, and is told of both revisions by any other", async () => {
    await using server = new DualEraServer({ era: "legacy" });
    await using bridge = new Executable(server.url);
    const discover = await bridge.request({ id: 1, method: "server/discover", params: { _meta: META } });
    expect(discover.error).toEqual({ code: -32_000, message: "a session begins with initialize" });
    const requests = [call("test_simple_text"), { method: "tools/list" }, { method: "prompts/list" }];
    for (const [place, { method, params }] of requests.entries()) {
      const { error } = await bridge.request({ id: 2 + place, method, params: { ...params, _meta: META } });
      expect(error.data).toMatchObject({ code: "era_mismatch", hint: expect.stringContaining("2025-11-25") });
      expect(error.message).toContain("the server speaks MCP 2025-11-25 or earlier, and the client 2026-07-28 alone");
    }
  });

  test("is told so by its first request too, without asking first", async () => {
    await using server = new DualEraServer({ era: "legacy" });
    await using bridge = new Executable(server.url);
    const { error } = await bridge.request({ id: 1, method: "tools/list", params: { _meta: META } });
    expect(error.data.code).toBe("era_mismatch");
  });
});

/** What `--protocol` makes of a client at a server: the era that is spoken to the server, or what the client is told. */
const HELD: readonly [protocol: "legacy" | "modern", kind: SdkClientKind, server: Era, outcome: string][] = [
  ["legacy", V1_CLIENT, "legacy", "legacy"],
  ["legacy", V1_CLIENT, "dual", "legacy"],
  ["legacy", V1_CLIENT, "modern", "Unsupported protocol version"],
  ["legacy", V2_AUTO_CLIENT, "legacy", "legacy"],
  ["legacy", V2_AUTO_CLIENT, "dual", "modern"],
  ["legacy", V2_AUTO_CLIENT, "modern", "modern"],
  ["legacy", V2_PINNED_CLIENT, "legacy", `did not offer pinned protocol version ${MODERN}`],
  ["legacy", V2_PINNED_CLIENT, "dual", "modern"],
  ["legacy", V2_PINNED_CLIENT, "modern", "modern"],
  ["modern", V1_CLIENT, "legacy", 'the server does not speak MCP 2026-07-28; leave "--protocol modern" out'],
  ["modern", V1_CLIENT, "dual", "modern"],
  ["modern", V1_CLIENT, "modern", "modern"],
  ["modern", V2_AUTO_CLIENT, "legacy", 'the server does not speak MCP 2026-07-28; leave "--protocol modern" out'],
  ["modern", V2_AUTO_CLIENT, "dual", "modern"],
  ["modern", V2_AUTO_CLIENT, "modern", "modern"],
  ["modern", V2_PINNED_CLIENT, "legacy", `did not offer pinned protocol version ${MODERN}`],
  ["modern", V2_PINNED_CLIENT, "dual", "modern"],
  ["modern", V2_PINNED_CLIENT, "modern", "modern"],
];

describe("--protocol", () => {
  const rows = HELD.map(([protocol, kind, ...rest]) => [protocol, kind.name, ...rest, kind] as const);
  test.each(rows)("%s, for %s at a %s server: %s", async (protocol, _, era, outcome, kind) => {
    using home = new Home();
    await using server = new DualEraServer({ era });
    await using recorder = new Recorder(server.url);
    const connected = kind.overStdio(commandOf(home, recorder.url, "--protocol", protocol), roleOf());
    if (outcome === "legacy" || outcome === "modern") {
      await using client = await connected;
      expect(textOf(await client.call("test_simple_text"))).toContain("simple text");
      const called = recorder.messages.items.find(({ method }) => method === "tools/call")!;
      expect(isModern(called)).toBe(outcome === "modern");
    } else await expect(connected).rejects.toThrow(outcome);
    const methods = recorder.messages.items.map(({ method }) => method);
    // Modern tries no handshake, and legacy asks nothing in the client's name.
    if (protocol === "modern") expect(methods).not.toContain("initialize");
    else if (kind === V1_CLIENT) expect(methods).not.toContain("server/discover");
  });
});
