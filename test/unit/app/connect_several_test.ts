/** Real clients at real servers, several of them behind one stdio end. */
import { describe, expect, test } from "bun:test";
import { mergedUri } from "../../../src/bridge/merge/uris.ts";
import { DualEraServer, type Era } from "../../conformance/dual_era_server.ts";
import { Home } from "../../harness/home.ts";
import {
  closeWithoutComplaint,
  type Elicited,
  outcomeOf,
  type Role,
  roleOf,
  type SdkClient,
  type SdkClientKind,
  textOf,
} from "../../harness/sdk_client.ts";
import { severalCommand } from "../../harness/several_program.ts";
import { V1_CLIENT } from "../../harness/v1_client.ts";
import { V2_AUTO_CLIENT, V2_LEGACY_CLIENT, V2_PINNED_CLIENT } from "../../harness/v2_client.ts";

const WATCHED = "test://watched-resource";
const NOWHERE = "http://127.0.0.1:9/mcp";

/** A client, and the eras of its servers. */
const CASES: readonly (readonly [name: string, kind: SdkClientKind, one: Era, two: Era])[] = [
  ["SDK v1 at a legacy and a modern server", V1_CLIENT, "legacy", "modern"],
  ["SDK v2 legacy at a dual and a modern server", V2_LEGACY_CLIENT, "dual", "modern"],
  ["SDK v2 auto at two modern servers", V2_AUTO_CLIENT, "modern", "dual"],
  ["SDK v2 auto at two legacy servers", V2_AUTO_CLIENT, "legacy", "legacy"],
  ["SDK v2 pinned at a dual and a modern server", V2_PINNED_CLIENT, "dual", "modern"],
];

/** A client at two servers, and at one that is not there where that is wanted. */
class Meeting implements AsyncDisposable {
  readonly servers: Readonly<Record<"one" | "two", DualEraServer>>;
  readonly client: SdkClient;
  readonly #all: AsyncDisposableStack;

  private constructor(servers: Meeting["servers"], client: SdkClient, all: AsyncDisposableStack) {
    this.servers = servers;
    this.client = client;
    this.#all = all;
  }

  static async of(
    kind: SdkClientKind,
    one: Era,
    two: Era,
    role: Partial<Role> = {},
    dead: Record<string, string> = {},
  ): Promise<Meeting> {
    await using stack = new AsyncDisposableStack();
    const home = stack.use(new Home());
    const servers = {
      one: stack.use(new DualEraServer({ era: one })),
      two: stack.use(new DualEraServer({ era: two })),
    };
    const command = severalCommand(home, { one: servers.one.url, ...dead, two: servers.two.url });
    const client = await kind.overStdio(command, roleOf(role));
    stack.defer(() => closeWithoutComplaint(client));
    return new Meeting(servers, client, stack.move());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#all.disposeAsync();
  }
}

describe.each(CASES)("%s", (_name, kind, one, two) => {
  test("finds what both servers have, under names that say whose it is, but what was taken out", async () => {
    await using meeting = await Meeting.of(kind, one, two);
    const { sdk } = meeting.client;
    const { tools, nextCursor } = await sdk.listTools();
    const names = tools.map(({ name }) => name);
    const own = (slug: string): string[] => names.filter((name) => name.startsWith(`${slug}__`));
    expect(nextCursor).toBeUndefined();
    expect(names).toEqual([...own("one"), ...own("two")]);
    for (const slug of ["one", "two"]) {
      expect(names).toContain(`${slug}__test_simple_text`);
      expect(names).not.toContain(`${slug}__test_error_handling`);
    }
    const { resources } = await sdk.listResources();
    expect(resources.map(({ uri }) => uri)).toContain(mergedUri("two", WATCHED));
    const { prompts } = await sdk.listPrompts();
    expect(prompts.map(({ name }) => name)).toContain("two__test_simple_prompt");
  });

  test("calls, reads, gets and completes at either", async () => {
    await using meeting = await Meeting.of(kind, one, two);
    const { client } = meeting;
    for (const slug of ["one", "two"]) {
      expect(textOf(await client.call(`${slug}__test_simple_text`))).toContain("simple text");
      const { content } = await client.call(`${slug}__test_multiple_content_types`);
      const { resource } = content.find(({ type }) => type === "resource") as unknown as { resource: { uri: string } };
      expect(resource.uri).toStartWith(`mcp-bridge://${slug}/test%3A%2F%2F`);
      const uri = `mcp-bridge://${slug}/test%3A%2F%2Ftemplate%2F7%2Fdata`;
      const { contents } = await client.sdk.readResource({ uri });
      expect(contents[0]).toMatchObject({ uri, text: expect.stringContaining('"id":"7"') });
      const ref = { type: "ref/prompt" as const, name: `${slug}__test_prompt_with_arguments` };
      const { completion } = await client.sdk.complete({ ref, argument: { name: "arg1", value: "park" } });
      expect(completion.values).toEqual(["park"]);
    }
    expect(await outcomeOf(client.sdk.callTool({ name: "three__x" }))).toMatchObject({ error: { code: -32_602 } });
  });

  test("is asked by both at once, and each hears its own answer", async () => {
    const forms: Elicited[] = [];
    const elicit = ({ message }: { message?: string }): Elicited => {
      const form = { action: "accept" as const, content: { username: message!, email: `${message}@example.com` } };
      forms.push(form);
      return form;
    };
    await using meeting = await Meeting.of(kind, one, two, { elicit: (params) => elicit(params) });
    const said = await Promise.all(
      ["one", "two"].map(async (slug) =>
        textOf(await meeting.client.call(`${slug}__test_elicitation`, { message: slug }))
      ),
    );
    expect(forms).toHaveLength(2);
    for (const [place, slug] of ["one", "two"].entries()) expect(said[place]).toContain(`${slug}@example.com`);
  });

  test("hears of changes at either", async () => {
    await using meeting = await Meeting.of(kind, one, two);
    const { client, servers } = meeting;
    await client.sdk.listTools();
    await client.listen(mergedUri("two", WATCHED));
    await Promise.all(Object.values(servers).map(({ streams }) => streams.find(() => true)));
    servers.one.changes.changeTools();
    await client.notifications.find(({ method }) => method === "notifications/tools/list_changed");
    servers.two.changes.changeResource(WATCHED);
    const news = await client.notifications.find(({ method }) => method === "notifications/resources/updated");
    expect(news.params!.uri).toBe(mergedUri("two", WATCHED));
  });

  test("gives a call up at the server that has it", async () => {
    await using meeting = await Meeting.of(kind, one, two);
    const { client, servers } = meeting;
    const abort = new AbortController();
    const called = outcomeOf(client.call("two__test_waiting_tool", {}, { signal: abort.signal }));
    await servers.two.waits.find((wait) => wait === "begun");
    abort.abort("changed my mind");
    await servers.two.waits.find((wait) => wait === "cancelled");
    await called;
    expect(servers.one.waits.items).toEqual([]);
  });
});

test("a server that is down is left out and named, and the client waits for it once", async () => {
  await using meeting = await Meeting.of(V1_CLIENT, "legacy", "legacy", {}, { dead: NOWHERE });
  const { client } = meeting;
  const { tools } = await client.sdk.listTools();
  expect(new Set(tools.map(({ name }) => name.split("__")[0]))).toEqual(new Set(["one", "two"]));
  await client.stderr!.find((line) => line.startsWith("warn: dead is left out: "));
  const since = performance.now();
  expect((await client.sdk.listTools()).tools).toEqual(tools);
  expect(performance.now() - since).toBeLessThan(3_000);
});
