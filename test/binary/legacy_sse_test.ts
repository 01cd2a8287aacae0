/** The reference server over the retired HTTP+SSE transport, behind the executable. */
import { afterAll, describe, expect, test } from "bun:test";
import { EverythingServer } from "../harness/everything_server.ts";
import { commandOf, Executable } from "../harness/executable.ts";
import { Home } from "../harness/home.ts";
import { V1_CLIENT } from "../harness/v1_client.ts";
import { V2_LEGACY_CLIENT } from "../harness/v2_client.ts";

const server = await EverythingServer.start("sse");
afterAll(() => server[Symbol.asyncDispose]());

describe.each([V1_CLIENT, V2_LEGACY_CLIENT].map((kind) => [kind.name, kind] as const))("%s", (_name, kind) => {
  test("lists, calls, hears progress and answers the server, by the fallback that the specification wants", async () => {
    using home = new Home();
    await using client = await kind.overStdio(commandOf(home, server.url), {
      sample: ({ messages }) => `heard ${messages.length}`,
      elicit: () => ({ action: "decline" }),
      roots: () => [],
    });
    expect(client.sdk.getServerVersion()!.name).toBe("mcp-servers/everything");
    expect((await client.sdk.listTools()).tools.length).toBeGreaterThan(10);
    expect((await client.call("echo", { message: "h\u00e4\u00df" })).content[0]!.text).toBe("Echo: h\u00e4\u00df");
    const sampled = await client.call("trigger-sampling-request", { prompt: "p", maxTokens: 10 });
    expect(sampled.content.map(({ text }) => text).join()).toContain("heard 1");
    const steps: number[] = [];
    await client.call("trigger-long-running-operation", { duration: 0.3, steps: 3 }, {
      onprogress: ({ progress }) => steps.push(progress),
    });
    expect(steps.slice(0, 2)).toEqual([1, 2]);
    // The SDKs take an answer before the progress that they read together with it.
    expect(client.complaints.filter((complaint) => !complaint.includes("unknown token"))).toEqual([]);
  });

  test("keeps 300 calls in flight, each with its own answer", async () => {
    using home = new Home();
    await using client = await kind.overStdio(commandOf(home, server.url, "--transport", "sse-only"), {
      sample: () => "",
      elicit: () => ({ action: "decline" }),
      roots: () => [],
    });
    const calls = Array.from({ length: 300 }, (_, n) => client.call("echo", { message: `call ${n}` }));
    const texts = (await Promise.all(calls)).map(({ content }) => content[0]!.text);
    expect(texts).toEqual(Array.from({ length: 300 }, (_, n) => `Echo: call ${n}`));
  });
});

test("a server that is restarted gets the handshake and the subscriptions once more", async () => {
  await using fresh = await EverythingServer.start("sse");
  await using bridge = new Executable(fresh.url);
  await bridge.initialize();
  await bridge.request({ id: 1, method: "resources/subscribe", params: { uri: "demo://resource/dynamic/text/1" } });
  await fresh.restart();
  const answer = await bridge.request({
    id: 2,
    method: "tools/call",
    params: { name: "echo", arguments: { message: "again" } },
  });
  expect(answer.result.content[0].text).toBe("Echo: again");
  await bridge.request({ id: 3, method: "tools/call", params: { name: "toggle-subscriber-updates", arguments: {} } });
  await bridge.output.find((line) => line.includes("notifications/resources/updated"));
});
