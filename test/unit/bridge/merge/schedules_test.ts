import { expect, test } from "bun:test";
import fc from "fast-check";
import { META } from "../../../harness/era_mcp.ts";
import type { Json } from "../../../harness/fake_mcp.ts";
import { runs } from "../../../harness/counts.ts";
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
/** Where a request names a thing. */
const NAMES = ["name", "uri"];

const event = fc.record({
  kind: fc.constantFrom(
    "ask",
    "ask",
    "answer",
    "answer",
    "twice",
    "error",
    "cancel",
    "wait",
    "stray",
    "question",
    "news",
  ),
  which: fc.nat(40),
  server: fc.nat(SLUGS.length - 1),
});

function resultOf(slug: string, { method }: Json): Json {
  if (method === "initialize") return agreed({ tools: {}, prompts: {}, resources: {}, logging: {} });
  return { result: { by: slug, tools: [{ name: `${slug}-tool` }], prompts: [{ name: "p" }], contents: [] } };
}

test(
  "under any schedule each request has one answer, a cancelled one none after, and no server meets another one's names",
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(event, { maxLength: 40 }), fc.boolean(), async (events, hasHandshake) => {
        const servers = SLUGS.map((slug) => new FakeServer(slug));
        const rig = new MergeRig(...servers);
        if (hasHandshake) await rig.handshake();
        const asked = new Map<number, string>();
        const cancelled = new Map<number, number>();
        const replied = new Set<Json>();
        for (const { kind, which, server } of events) {
          const fake = servers[server]!;
          const requests = fake.seen.filter(({ id, method }) => id !== undefined && method !== undefined);
          const request = requests[which % Math.max(requests.length, 1)];
          if (kind === "ask") {
            const id = asked.size;
            asked.set(id, fake.slug);
            await rig.say(REQUESTS[which % REQUESTS.length]!(id, fake.slug));
          } else if (kind === "cancel" && asked.size > 0) {
            const id = which % asked.size;
            await rig.say({ method: "notifications/cancelled", params: { requestId: id } });
            if (!cancelled.has(id)) cancelled.set(id, rig.answersTo(id).length);
          } else if (kind === "wait") await rig.clock.pass(which * 200);
          else if (fake.opened === 0) continue;
          else if (kind === "stray") fake.say({ id: which, result: { by: fake.slug } });
          else if (kind === "question") fake.say({ id: which % 3, method: "roots/list", params: { by: fake.slug } });
          else if (kind === "news") fake.say({ method: "notifications/tools/list_changed" });
          else if (request !== undefined) {
            const answer = kind === "error" ? { error: { code: 1, message: fake.slug } } : resultOf(fake.slug, request);
            fake.answer(request, answer);
            if (kind === "twice") fake.answer(request, answer);
          }
          // Whatever a server asks is answered by the client, under the id that it came with.
          for (const question of rig.told("roots/list")) {
            if (replied.has(question)) continue;
            replied.add(question);
            await rig.say({ id: question.id, result: { for: question.params.by } });
          }
        }
        await rig.clock.pass(40_000);
        const left = rig.merged.leave(0);
        await rig.clock.pass(1);
        await left;
        for (const [id, slug] of asked) {
          const answers = rig.answersTo(id);
          expect(answers).toHaveLength(cancelled.get(id) ?? 1);
          const by = answers[0]?.result?.by;
          if (by !== undefined) expect(by).toBe(slug);
        }
        expect(rig.received.filter(({ id, method }) => method === undefined && !asked.has(id) && id !== "init"))
          .toEqual([]);
        for (const { slug, seen } of servers) {
          for (const message of seen) {
            if (message.method === undefined) expect(message.result.for).toBe(slug);
            for (const name of NAMES) {
              const value = message.params?.[name];
              if (value !== undefined) expect(value).toStartWith(slug);
            }
          }
        }
      }),
      { numRuns: runs(400, 10_000) },
    );
  },
  600_000,
);
