/**
 * The reference server behind the executable, over each transport, driven by the clients that people use. What the
 * server says to a client that speaks to it directly is the measure of what it has to say through the executable.
 */
import { afterAll, describe, expect, test } from "bun:test";
import { EverythingProgram } from "../harness/everything_program.ts";
import { EverythingServer, type ReferenceServer } from "../harness/everything_server.ts";
import { EverythingWebSocket } from "../harness/everything_web_socket.ts";
import { commandOf, Executable, type Message } from "../harness/executable.ts";
import { Home } from "../harness/home.ts";
import { inspect } from "../harness/inspector.ts";
import { Log } from "../harness/log.ts";
import { Recorder } from "../harness/recorder.ts";
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
import { V1_CLIENT } from "../harness/v1_client.ts";
import { V2_AUTO_CLIENT, V2_LEGACY_CLIENT } from "../harness/v2_client.ts";

const CLIENTS: readonly SdkClientKind[] = [V1_CLIENT, V2_LEGACY_CLIENT, V2_AUTO_CLIENT];
/** More than the 256 requests that Bun's fetch keeps in flight by default. */
const MANY = 300;
const MEBIBYTE = 1 << 20;
/** In bytes before it is packed; what comes back stays below the 10 MB that the SDKs take as one message. */
const LARGE_RESULT = 4 * MEBIBYTE;
/** How long a client waits after it closed stdin before it sends signals. */
const GRACE_MS = 2_000;

const server = await EverythingServer.start();
const sse = await EverythingServer.start("sse");
const webSocket = new EverythingWebSocket();
const program = new EverythingProgram();
const taps = [new Recorder(server.url), new Recorder(sse.url)];
afterAll(async () => {
  for (const each of [...taps, server, sse, webSocket, program]) await each[Symbol.asyncDispose]();
});

/** A way to the server, and the clients of whom the stories are told there. */
interface Way {
  readonly name: string;
  readonly server: ReferenceServer;
  readonly clients: readonly SdkClientKind[];
  /** Where an executable is sent to, so that the messages for the server can be read on the way. */
  readonly tap?: { readonly words: readonly string[]; readonly messages: Log<Message> };
}

const ORDINARY_CLIENTS = [V1_CLIENT, V2_LEGACY_CLIENT];
const WAYS: readonly Way[] = [
  { name: "Streamable HTTP", server, clients: CLIENTS, tap: taps[0]! },
  // Found by the fallback that the specification wants.
  { name: "HTTP+SSE", server: sse, clients: ORDINARY_CLIENTS, tap: taps[1]! },
  { name: "a WebSocket", server: webSocket, clients: ORDINARY_CLIENTS, tap: webSocket },
  { name: "standard input and output", server: program, clients: ORDINARY_CLIENTS },
];
const STORIES = WAYS.flatMap((way) => way.clients.map((kind) => [`${kind.name} over ${way.name}`, kind, way] as const));

/**
 * A client at the executable, whose stream for the server's own messages is open. Disposing it closes the client, and
 * throws when the SDK complained: of a line that is no message, say, or of a second answer to one request.
 */
class Session implements AsyncDisposable {
  readonly kind: SdkClientKind;
  readonly client: SdkClient;
  readonly #home: Home;

  private constructor(kind: SdkClientKind, home: Home, client: SdkClient) {
    this.kind = kind;
    this.#home = home;
    this.client = client;
  }

  static async open(
    kind: SdkClientKind,
    to: ReferenceServer,
    role: Partial<Role> = {},
    words = to.words,
  ): Promise<Session> {
    const home = new Home();
    try {
      const before = server.log.items.length;
      const client = await kind.overStdio(commandOf(home, ...words), roleOf(role));
      await to.listened(before);
      return new Session(kind, home, client);
    } catch (error) {
      home[Symbol.dispose]();
      throw error;
    }
  }

  /** A client of the same kind with nothing between it and the server. */
  direct(): Promise<SdkClient> {
    return this.kind.overHttp(server.url, roleOf());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await closeWithoutComplaint(this.client);
    } finally {
      this.#home[Symbol.dispose]();
    }
  }
}

/** A text that breaks whoever splits it in the wrong places or counts characters for bytes. */
function hardText(bytes: number): string {
  const piece = 'a "quoted" \\ back\\nslash\n\u2028\u2029\u0000 \u00e9 \u4e16\u754c \ud83d\ude00 ';
  return piece.repeat(Math.ceil(bytes / new TextEncoder().encode(piece).length));
}

function gate(): { opened: Promise<void>; open: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { opened: promise, open: resolve };
}

describe.each(STORIES)("%s", (_name, kind, { server: to, tap }) => {
  test("learns from initialize what the server says of itself", async () => {
    await using session = await Session.open(kind, to);
    await using direct = await session.direct();
    expect(session.client.sdk.getServerVersion()).toEqual(direct.sdk.getServerVersion()!);
    expect(session.client.sdk.getServerCapabilities()).toEqual(direct.sdk.getServerCapabilities()!);
    expect(session.client.sdk.getInstructions()).toEqual(direct.sdk.getInstructions()!);
    expect(session.client.sdk.getServerVersion()!.name).toBe("mcp-servers/everything");
  });

  test("lists the tools, resources, templates and prompts that the server lists", async () => {
    await using session = await Session.open(kind, to);
    await using direct = await session.direct();
    const { tools } = await session.client.sdk.listTools();
    expect(tools.map(({ name }) => name)).toContain("trigger-sampling-request");
    expect<unknown>(tools).toEqual((await direct.sdk.listTools()).tools);
    expect<unknown>(await session.client.sdk.listResources()).toEqual(await direct.sdk.listResources());
    expect<unknown>(await session.client.sdk.listResourceTemplates())
      .toEqual(await direct.sdk.listResourceTemplates());
    expect<unknown>(await session.client.sdk.listPrompts()).toEqual(await direct.sdk.listPrompts());
  });

  test("reads resources and gets prompts as the server gives them", async () => {
    await using session = await Session.open(kind, to);
    await using direct = await session.direct();
    for (const { uri } of (await direct.sdk.listResources()).resources) {
      expect<unknown>(await session.client.sdk.readResource({ uri })).toEqual(
        await direct.sdk.readResource({ uri }),
      );
    }
    const prompt = {
      name: "args-prompt",
      arguments: { city: "Z\u00fcrich", state: "\ud83c\udde8\ud83c\udded" },
    };
    expect<unknown>(await session.client.sdk.getPrompt(prompt)).toEqual(await direct.sdk.getPrompt(prompt));
  });

  test("calls tools and gets text, structured content, images and links", async () => {
    await using session = await Session.open(kind, to);
    await using direct = await session.direct();
    expect(textOf(await session.client.call("echo", { message: "hello" }))).toBe("Echo: hello");
    expect(textOf(await session.client.call("get-sum", { a: 2, b: 3.5 }))).toContain("5.5");
    const { structuredContent } = await session.client.call("get-structured-content", {
      location: "Chicago",
    });
    expect(structuredContent).toEqual({ temperature: 36, conditions: "Light rain / drizzle", humidity: 82 });
    for (const tool of ["get-tiny-image", "get-resource-links"]) {
      expect(await session.client.call(tool)).toEqual(await direct.call(tool));
    }
  });

  test("gets the server's errors with their code, message and data", async () => {
    await using session = await Session.open(kind, to);
    await using direct = await session.direct();
    const failing: ((client: SdkClient) => Promise<unknown>)[] = [
      (client) => client.call("no-such-tool"),
      (client) => client.call("get-sum", { a: "two" }),
      (client) => client.sdk.readResource({ uri: "demo://no/such/resource" }),
      (client) => client.sdk.getPrompt({ name: "args-prompt" }),
      (client) => client.call("trigger-url-elicitation", { errorPath: true, elicitationId: "an-id" }),
    ];
    for (const fail of failing) {
      expect(await outcomeOf(fail(session.client))).toEqual(await outcomeOf(fail(direct)));
    }
  });

  test("hears of the progress of a long call, in order and before its result", async () => {
    await using session = await Session.open(kind, to);
    const heard: number[] = [];
    const result = await session.client.call("trigger-long-running-operation", { duration: 0.2, steps: 5 }, {
      onprogress: ({ progress, total }) => {
        expect(total).toBe(5);
        heard.push(progress);
      },
    });
    // Both SDKs take up a result before the notifications that came in the same read, and so can lose the last steps.
    // That the executable loses none is told below, without an SDK.
    expect(heard[0]).toBe(1);
    expect(heard).toEqual([1, 2, 3, 4, 5].slice(0, heard.length));
    session.client.complaints.length = 0;
    expect(textOf(result)).toContain("Long running operation completed");
  });

  test("hears log messages from the level it set", async () => {
    await using session = await Session.open(kind, to);
    await session.client.sdk.setLoggingLevel("debug");
    await session.client.call("toggle-simulated-logging");
    const message = await session.client.notifications.find(({ method }) => method === "notifications/message");
    expect(message.params.data).toMatch(/level.message/);
    await session.client.call("toggle-simulated-logging");
    await session.client.sdk.setLoggingLevel("emergency");
    const heard = session.client.notifications.items.length;
    await session.client.sdk.subscribeResource({ uri: "demo://resource/dynamic/text/1" });
    await session.client.sdk.ping();
    expect(session.client.notifications.items.slice(heard)).toEqual([]);
  });

  test("hears of updates to the resource it subscribed to, and of no other", async () => {
    await using session = await Session.open(kind, to);
    const uri = `demo://resource/dynamic/text/${1 + CLIENTS.indexOf(kind)}`;
    await session.client.sdk.subscribeResource({ uri: "demo://resource/dynamic/text/99" });
    await session.client.sdk.subscribeResource({ uri });
    await session.client.sdk.unsubscribeResource({ uri: "demo://resource/dynamic/text/99" });
    await session.client.call("toggle-subscriber-updates");
    await session.client.notifications.find(({ method }) => method === "notifications/resources/updated");
    await session.client.call("toggle-subscriber-updates");
    const updates = session.client.notifications.items.filter(({ method }) => method.endsWith("/updated"));
    expect(updates.map(({ params }) => params)).toEqual([{ uri }]);
  });

  test("hears that the list of resources has changed, and finds the new one in it", async () => {
    await using session = await Session.open(kind, to);
    const name = `${kind.name.replaceAll(" ", "-")}.gz`;
    await session.client.call("gzip-file-as-resource", { name, data: "data:text/plain,hello" });
    await session.client.notifications.find(({ method }) => method === "notifications/resources/list_changed");
    const { resources } = await session.client.sdk.listResources();
    expect(resources.map(({ uri }) => uri)).toContain(`demo://resource/session/${name}`);
  });

  test("answers the server's sampling request in the midst of a call", async () => {
    const asked: Message[] = [];
    await using session = await Session.open(kind, to, {
      sample: (params) => {
        asked.push(params);
        return "forty-two";
      },
    });
    const result = await session.client.call("trigger-sampling-request", {
      prompt: "six by seven",
      maxTokens: 7,
    });
    expect(asked).toHaveLength(1);
    expect(asked[0]).toMatchObject({
      maxTokens: 7,
      temperature: 0.7,
      systemPrompt: "You are a helpful test server.",
    });
    expect(JSON.stringify(asked[0])).toContain("six by seven");
    expect(textOf(result)).toContain("forty-two");
  });

  test("answers the server's forms by filling them in and by declining", async () => {
    const forms: Message[] = [];
    await using session = await Session.open(kind, to, {
      elicit: (params) => {
        forms.push(params);
        return forms.length === 1 ? { action: "accept", content: { name: "Ada", check: true } } : { action: "decline" };
      },
    });
    const filled = textOf(await session.client.call("trigger-elicitation-request"));
    expect(filled).toContain("Name: Ada");
    expect(filled).toContain("Agreed to terms: true");
    const declined = textOf(await session.client.call("trigger-elicitation-request"));
    expect(declined).toContain("declined");
    expect(Object.keys(forms[0]!.requestedSchema.properties)).toHaveLength(13);
    expect(forms[0]!.requestedSchema.required).toEqual(["name"]);
  });

  test("gives its roots when the server asks, and again after they have changed", async () => {
    const roots = [{ uri: "file:///one", name: "first" }];
    await using session = await Session.open(kind, to, { roots: () => roots });
    expect(textOf(await session.client.call("get-roots-list"))).toContain("1. first\n   URI: file:///one");
    roots.push({ uri: "file:///two", name: "second" });
    await session.client.sdk.sendRootsListChanged();
    await session.client.notifications.find(({ params }) => params?.data?.startsWith("Roots updated: 2 root(s)"));
    expect(textOf(await session.client.call("get-roots-list"))).toContain("2. second\n   URI: file:///two");
  });

  test("cancels a call, which reaches the server under the id of that call", async () => {
    const before = tap?.messages.items.length;
    const running = gate();
    const cancelled = gate();
    await using session = await Session.open(kind, to, {
      sample: async () => {
        running.open();
        await cancelled.opened;
        return "too late";
      },
    }, tap?.words);
    const abort = new AbortController();
    const call = outcomeOf(
      session.client.call("trigger-sampling-request", { prompt: "wait" }, { signal: abort.signal }),
    );
    await running.opened;
    abort.abort("changed my mind");
    expect(await call).toMatchObject({ error: { message: expect.stringContaining("changed my mind") } });
    if (tap !== undefined) {
      const { params } = await tap.messages.find(({ method }) => method === "notifications/cancelled", before);
      const { id } = await tap.messages.find(({ method }) => method === "tools/call", before);
      expect(params).toMatchObject({ requestId: id, reason: "changed my mind" });
    }
    cancelled.open();
    expect(textOf(await session.client.call("echo", { message: "still here" }))).toBe("Echo: still here");
  });

  test("completes the arguments of prompts and templates", async () => {
    await using session = await Session.open(kind, to);
    const prompt = { type: "ref/prompt" as const, name: "completable-prompt" };
    const department = await session.client.sdk.complete({
      ref: prompt,
      argument: { name: "department", value: "S" },
    });
    expect(department.completion.values).toEqual(["Sales", "Support"]);
    const name = await session.client.sdk.complete({
      ref: prompt,
      argument: { name: "name", value: "" },
      context: { arguments: { department: "Sales" } },
    });
    expect(name.completion.values).toEqual(["David", "Eve", "Frank"]);
  });

  test("pings", async () => {
    await using session = await Session.open(kind, to);
    expect(await session.client.sdk.ping()).toEqual({});
  });

  test("sends and gets messages of megabytes unharmed", async () => {
    await using session = await Session.open(kind, to);
    const message = hardText(2 * MEBIBYTE);
    const echoed = await session.client.call("echo", { message });
    // Compared by hand: a difference of megabytes is nothing that anyone wants to see printed.
    expect(textOf(echoed) === `Echo: ${message}`).toBe(true);

    // The server takes no request of more than 4 MiB, but fetches what it answers with from wherever it is told to.
    const noise = crypto.getRandomValues(new Uint8Array(LARGE_RESULT)).toBase64();
    await using source = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response(noise) });
    const args = {
      name: `${kind.name.replaceAll(" ", "-")}-noise.gz`,
      data: source.url.href,
      outputType: "resource",
    };
    const { content } = await session.client.call("gzip-file-as-resource", args);
    const { blob } = content[0]!.resource as { blob: string };
    expect(new TextDecoder().decode(Bun.gunzipSync(Buffer.from(blob, "base64"))) === noise).toBe(true);
  });

  test(`keeps ${MANY} calls in flight at once, each waiting for an answer of the client`, async () => {
    const asked = new Log<Message>();
    const all = asked.find(() => asked.items.length === MANY);
    await using session = await Session.open(kind, to, {
      sample: async (params) => {
        asked.add(params);
        await all;
        return `answer to ${params.messages[0].content.text}`;
      },
    });
    const prompts = Array.from({ length: MANY }, (_, index) => `prompt-${index}.`);
    const calls = prompts.map((prompt) => session.client.call("trigger-sampling-request", { prompt }));
    const [, ...results] = await Promise.all([all, ...calls]);
    expect(results.map((result, index) => textOf(result).includes(prompts[index]!))).not.toContain(false);
  });

  if (to === server) {
    test("ends the process and the session by closing, before a signal would be sent", async () => {
      const session = await Session.open(kind, to);
      const id = server.begunSessions().at(-1)!;
      const start = performance.now();
      await session[Symbol.asyncDispose]();
      expect(performance.now() - start).toBeLessThan(GRACE_MS);
      await server.sessionEnded(id, 1_000);
    });
  }
});

test.each(WAYS.slice(1).map((way) => [way.name, way] as const))(
  "a server over %s that is restarted gets the handshake and the subscriptions once more",
  async (_name, { server: to }) => {
    await using executable = new Executable({}, ...to.words);
    await executable.initialize();
    const uri = "demo://resource/dynamic/text/1";
    await executable.request({ id: 1, method: "resources/subscribe", params: { uri } });
    await to.restart();
    // A call would be told that its outcome is unknown if the loss is noticed after it; what only reads is asked again.
    expect((await executable.request({ id: 2, method: "tools/list" })).result.tools.length).toBeGreaterThan(10);
    const toggle = { name: "toggle-subscriber-updates", arguments: {} };
    await executable.request({ id: 3, method: "tools/call", params: toggle });
    await executable.output.find((line) => line.includes("notifications/resources/updated"));
  },
);

describe("the inspector", () => {
  test("lists and calls, in the revision it knows best and in the one it negotiates", async () => {
    for (const era of ["legacy", "auto"]) {
      const listed = await inspect(server.url, "tools/list", "--protocol-era", era) as {
        tools: { name: string }[];
      };
      expect(listed.tools.map(({ name }) => name)).toContain("get-sum");
      const options = ["--protocol-era", era, "--tool-name", "get-sum", "--tool-args-json", '{"a":40,"b":2}'];
      const called = await inspect(server.url, "tools/call", ...options) as ToolResult;
      expect(textOf(called)).toBe("The sum of 40 and 2 is 42.");
    }
  });

  test("lists and reads resources, lists and gets prompts", async () => {
    const uri = "demo://resource/static/document/features.md";
    const listed = await inspect(server.url, "resources/list") as { resources: { uri: string }[] };
    expect(listed.resources.map((resource) => resource.uri)).toContain(uri);
    const read = await inspect(server.url, "resources/read", "--uri", uri) as {
      contents: { text: string }[];
    };
    expect(read.contents[0]!.text).toStartWith("# Everything Server");
    const { prompts } = await inspect(server.url, "prompts/list") as { prompts: { name: string }[] };
    expect(prompts.map(({ name }) => name)).toContain("args-prompt");
    const options = ["--prompt-name", "args-prompt", "--prompt-args", "city=Oslo"];
    const prompt = await inspect(server.url, "prompts/get", ...options);
    expect(JSON.stringify(prompt)).toContain("Oslo");
  });

  test("leaves no session behind", async () => {
    const before = server.begunSessions().length;
    await inspect(server.url, "prompts/list");
    const begun = server.begunSessions().slice(before);
    expect(begun).toHaveLength(1);
    await server.sessionEnded(begun[0]!, 1_000);
  });
});

describe("the executable", () => {
  test("forwards each step of a call's progress in order, and the result after them", async () => {
    await using executable = new Executable(server.url);
    await executable.initialize();
    const place = executable.output.items.length;
    const params = { name: "trigger-long-running-operation", arguments: { duration: 0.1, steps: 50 } };
    await executable.request({
      id: 7,
      method: "tools/call",
      params: { ...params, _meta: { progressToken: "steps" } },
    });
    const messages: Message[] = executable.output.items.slice(place).map((line) => JSON.parse(line));
    const steps = messages.slice(0, messages.findIndex(({ id }) => id === 7))
      .filter(({ method }) => method === "notifications/progress");
    expect(steps.map((step) => step.params.progress)).toEqual(
      Array.from({ length: 50 }, (_, index) => index + 1),
    );
    expect(steps.every((step) => step.params.progressToken === "steps")).toBe(true);
  });

  test("ends with exit code 0 at the end of stdin, and ends the session on the server", async () => {
    await using executable = new Executable(server.url);
    const { result } = await executable.initialize();
    expect(result.serverInfo.name).toBe("mcp-servers/everything");
    await executable.request({ id: 1, method: "ping" });
    const id = server.begunSessions().at(-1)!;
    executable.endInput();
    expect(await executable.exit(GRACE_MS)).toBe(0);
    await server.sessionEnded(id, 1_000);
  });

  test("ends with exit code 0 at the end of stdin while a call still runs", async () => {
    await using executable = new Executable(server.url);
    await executable.initialize();
    const _meta = { progressToken: "steps" };
    const params = {
      name: "trigger-long-running-operation",
      arguments: { duration: 600, steps: 6_000 },
      _meta,
    };
    executable.send({ jsonrpc: "2.0", id: 1, method: "tools/call", params });
    await executable.output.find((line) => line.includes("notifications/progress"));
    const id = server.begunSessions().at(-1)!;
    executable.endInput();
    expect(await executable.exit(GRACE_MS)).toBe(0);
    await server.sessionEnded(id, 1_000);
  });

  test("ends with exit code 0 when stdin ends before a word was said", async () => {
    await using executable = new Executable(server.url);
    executable.endInput();
    expect(await executable.exit(GRACE_MS)).toBe(0);
    await executable.output.ended;
    expect(executable.output.items).toEqual([]);
  });

  test("makes a new session when the server was restarted, and its subscriptions with it", async () => {
    await using fresh = await EverythingServer.start();
    await using executable = new Executable(fresh.url);
    await executable.initialize();
    const uri = "demo://resource/dynamic/text/1";
    await executable.request({ id: 1, method: "resources/subscribe", params: { uri } });
    await fresh.restart();
    const echo = { name: "echo", arguments: { message: "still there" } };
    const answer = await executable.request({ id: 2, method: "tools/call", params: echo });
    expect(answer.result.content[0].text).toContain("still there");
    await fresh.listened(0);
    const toggle = { name: "toggle-subscriber-updates", arguments: {} };
    await executable.request({ id: 3, method: "tools/call", params: toggle });
    await executable.output.find((line) => line.includes("notifications/resources/updated"));
    expect(fresh.begunSessions()).toHaveLength(1);
  });

  test("writes nothing but messages to stdout, even when it is talkative", async () => {
    await using executable = new Executable(server.url, "--debug");
    await executable.initialize();
    const params = { name: "echo", arguments: { message: hardText(100) } };
    await executable.request({ id: "a string", method: "tools/call", params });
    executable.endInput();
    await executable.output.ended;
    for (const line of executable.output.items) expect(JSON.parse(line)).toMatchObject({ jsonrpc: "2.0" });
  });

  test("puts the session and the agreed revision on each request after the handshake", async () => {
    await using recorder = new Recorder(server.url);
    await using executable = new Executable(recorder.url);
    await executable.initialize("2025-06-18");
    await executable.request({ id: 1, method: "tools/list" });
    await recorder.requests.find(({ method }) => method === "GET");
    executable.endInput();
    await executable.exit(GRACE_MS);
    await recorder.requests.find(({ method }) => method === "DELETE");
    const later = recorder.requests.items.filter(({ message }) => message?.method !== "initialize");
    expect(later.map(({ method }) => method).sort()).toEqual(["DELETE", "GET", "POST", "POST"]);
    const id = server.begunSessions().at(-1)!;
    for (const { headers } of later) {
      expect(headers).toMatchObject({ "mcp-session-id": id, "mcp-protocol-version": "2025-06-18" });
    }
  });
});
