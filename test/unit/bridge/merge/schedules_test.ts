import { expect, test } from "bun:test";
import fc from "fast-check";
import { META } from "../../../harness/era_mcp.ts";
import type { Json } from "../../../harness/fake_mcp.ts";
import { runs } from "../../../harness/counts.ts";
import { settle } from "../../../harness/fake_clock.ts";
import { agreed, FakeServer, MergeRig } from "../../../harness/merge_rig.ts";

const SLUGS = ["a", "b", "c"];
/** What a server says to a request is marked with its slug, so that nothing can be taken for another one's. */
const REQUESTS: ((id: number, slug: string) => Json)[] = [
  (id, slug) => ({ id, method: "tools/call", params: { name: `${slug}__${slug}-tool` } }),
  (id) => ({ id, method: "tools/list" }),
  (id, slug) => ({ id, method: "resources/read", params: { uri: `mcp-bridge://${slug}/${slug}%3A1` } }),
  (id, slug) => ({ id, method: "prompts/get", params: { name: `${slug}__${slug}_0123456789abcdef` } }),
  (id) => ({ id, method: "ping" }),
  (id) => ({ id, method: "logging/setLevel", params: { level: "info" } }),
  (id) => ({ id, method: "server/discover", params: { _meta: META } }),
  (id) => ({ id, method: "subscriptions/listen", params: { notifications: { toolsListChanged: true }, _meta: META } }),
  (id) => ({ id, method: "nobody/knows" }),
];
/** What goes to all servers. */
const AT_ALL = new Set(["tools/list", "server/discover"]);
/** Where a request names a thing. */
const NAMES = ["name", "uri"];

const KINDS = ["ask", "answer", "twice", "error", "cancel", "wait", "stray", "question", "reply", "news"] as const;
const event = fc.record({
  kind: fc.constantFrom(...KINDS, "ask" as const, "answer" as const),
  which: fc.nat(40),
  server: fc.nat(SLUGS.length - 1),
});

function resultOf(slug: string, { method }: Json): Json {
  if (method === "initialize") return agreed({ tools: {}, prompts: {}, resources: {}, logging: {} });
  return { result: { by: slug, tools: [{ name: `${slug}-tool` }], prompts: [{ name: "p" }], contents: [] } };
}

/** A run of one schedule. */
class Run {
  readonly servers: readonly FakeServer[] = SLUGS.map((slug) => new FakeServer(slug));
  readonly rig: MergeRig = new MergeRig(...this.servers);
  /** What the client asked, and the server that it is for. */
  readonly asked: { readonly request: Json; readonly slug: string }[] = [];
  /** The ids of what was cancelled, with the answers there were. */
  readonly cancelled = new Map<number, number>();

  async take({ kind, which, server }: { kind: typeof KINDS[number]; which: number; server: number }): Promise<void> {
    const { rig, asked, cancelled } = this;
    const fake = this.servers[server]!;
    if (kind === "ask") {
      const request = REQUESTS[which % REQUESTS.length]!(asked.length, fake.slug);
      asked.push({ request, slug: fake.slug });
      await rig.say(request);
    } else if (kind === "cancel") {
      if (asked.length === 0) return;
      const id = which % asked.length;
      if (!cancelled.has(id)) cancelled.set(id, rig.answersTo(id).length);
      await rig.say({ method: "notifications/cancelled", params: { requestId: id } });
    } else if (kind === "wait") await rig.clock.pass(which * 200);
    else if (kind === "reply") {
      const questions = rig.told("roots/list");
      const question = questions[which % Math.max(questions.length, 1)];
      if (question !== undefined) await rig.say({ id: question.id, result: { for: question.params.by } });
    } else if (fake.opened > 0) await this.#hear(fake, kind, which);
  }

  async #hear(fake: FakeServer, kind: typeof KINDS[number], which: number): Promise<void> {
    const requests = fake.seen.filter(({ id, method }) => id !== undefined && method !== undefined);
    const request = requests[which % Math.max(requests.length, 1)];
    if (kind === "stray") fake.say({ id: which, result: { by: fake.slug } });
    else if (kind === "question") fake.say({ id: which % 2, method: "roots/list", params: { by: fake.slug } });
    else if (kind === "news") fake.say({ method: "notifications/tools/list_changed" });
    else if (request !== undefined) {
      const answer = kind === "error" ? { error: { code: 1, message: fake.slug } } : resultOf(fake.slug, request);
      fake.answer(request, answer);
      if (kind === "twice") fake.answer(request, answer);
    }
    await settle();
  }

  /** How many answers a request of the client should have when all is over. */
  expected(id: number): number {
    return this.cancelled.get(id) ?? 1;
  }
}

test(
  "under any schedule each request has one answer, a cancelled one none after, and no server meets what is another one's",
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(event, { maxLength: 60, size: "max" }), fc.boolean(), async (events, hasHandshake) => {
        const run = new Run();
        const { rig, asked, servers } = run;
        if (hasHandshake) await rig.handshake();
        for (const happening of events) await run.take(happening);
        // What goes to all servers has an end in sight.
        await rig.clock.pass(5_000);
        for (const { request: { id, method } } of asked) {
          if (AT_ALL.has(method)) expect(rig.answersTo(id)).toHaveLength(run.expected(id));
        }
        await rig.clock.pass(40_000);
        const left = rig.merged.leave(0);
        await rig.clock.pass(1);
        await left;
        for (const { request: { id }, slug } of asked) {
          const answers = rig.answersTo(id);
          expect(answers).toHaveLength(run.expected(id));
          const by = answers[0]?.result?.by;
          if (by !== undefined) expect(by).toBe(slug);
        }
        const strays = rig.received.filter(({ id, method }) => {
          return method === undefined && id !== "init" && !(id >= 0 && id < asked.length);
        });
        expect(strays).toEqual([]);
        for (const { slug, seen } of servers) {
          const questions = rig.told("roots/list").filter(({ params }) => params.by === slug);
          const replies = seen.filter(({ method }) => method === undefined);
          expect(replies.length).toBeLessThanOrEqual(questions.length);
          for (const { result } of replies) expect(result.for).toBe(slug);
          for (const { params } of seen) {
            for (const value of NAMES.map((name) => params?.[name])) {
              if (value !== undefined) expect(value).toMatch(new RegExp(`^${slug}[:_-](?!_)`));
            }
          }
        }
      }),
      { numRuns: runs(400, 10_000) },
    );
  },
  600_000,
);
