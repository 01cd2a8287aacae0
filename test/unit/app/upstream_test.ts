import { describe, expect, test } from "bun:test";
import { openBudget } from "../../../src/app/budget.ts";
import { hasOneStream } from "../../../src/app/far_end.ts";
import { Upstream } from "../../../src/app/upstream.ts";
import { systemClock } from "../../../src/platform/clock.ts";
import { PooledServer, type Seat } from "../../../src/serve/pooled_server.ts";
import type { Json } from "../../harness/fake_mcp.ts";
import { toJson, toMessage } from "../../harness/stage_rig.ts";
import { upstreamSettings } from "../../harness/upstream_settings.ts";

/** A program that gives every request the same answer. */
const PROGRAM = `for await (const line of console) {
  const { id } = JSON.parse(line);
  const result = { protocolVersion: "2025-11-25", capabilities: {} };
  if (id !== undefined) console.log(JSON.stringify({ jsonrpc: "2.0", id, result }));
}`;

class Client {
  readonly #heard = new Map<unknown, PromiseWithResolvers<Json>>();
  readonly #seat: Seat;

  /** One that does not read is never done with what it is sent. */
  constructor(server: PooledServer, reads: boolean) {
    this.#seat = server.seat({
      send: (message) => {
        const json = toJson(message);
        this.#answer(json.id).resolve(json);
        return reads ? undefined : new Promise(() => {});
      },
      close: () => Promise.resolve(),
    }, { client: undefined });
  }

  ask(message: Json): Promise<Json> {
    void this.#seat.fromClient(toMessage(message));
    return this.#answer(message.id).promise;
  }

  #answer(id: unknown): PromiseWithResolvers<Json> {
    const answer = this.#heard.get(id) ?? Promise.withResolvers<Json>();
    this.#heard.set(id, answer);
    return answer;
  }
}

describe("a server with one stream", () => {
  test("answers the others where one of many clients does not read", async () => {
    const upstream = new Upstream(
      upstreamSettings({ server: { command: process.execPath, args: ["-e", PROGRAM], env: {} } }),
      { clock: systemClock, budget: openBudget(), notify: () => {} },
    );
    const server = new PooledServer({
      slug: "a",
      account: "default",
      isShared: true,
      reach: upstream,
      clock: systemClock,
      idle: 0,
      record: () => {},
    });
    const [quick, slow] = [new Client(server, true), new Client(server, false)];
    for (const client of [quick, slow]) {
      await client.ask({ id: 0, method: "initialize", params: { protocolVersion: "2025-11-25", capabilities: {} } });
    }
    for (const id of [1, 2, 3]) {
      await slow.ask({ id, method: "tools/call", params: { name: "x" } });
      expect(await quick.ask({ id, method: "tools/call", params: { name: "x" } })).toMatchObject({ id });
    }
    await upstream.close();
  }, 10_000);

  test.each(
    [
      ["http://127.0.0.1/", "http-first", false],
      ["https://mcp.example.com/", "http-only", false],
      ["https://mcp.example.com/", "sse-only", true],
      ["https://mcp.example.com/", "sse-first", true],
      ["wss://mcp.example.com/", "http-first", true],
      ["ws://127.0.0.1/", "http-first", true],
    ] as const,
  )("is known by its address: %s, %s", (url, strategy, expected) => {
    expect(hasOneStream(new URL(url), strategy)).toBe(expected);
  });
});
