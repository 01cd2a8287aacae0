import { describe, expect, test } from "bun:test";
import { CommonLink, type Place } from "../../../src/bridge/common_link.ts";
import { BridgeError } from "../../../src/platform/errors.ts";
import { brokenBy } from "../../../src/transport/channel.ts";
import type { Message } from "../../../src/transport/message.ts";
import { type Link, type LinkEvents, SharedStreamEnd } from "../../../src/transport/shared_stream.ts";
import { FakeClock, settle } from "../../harness/fake_clock.ts";
import type { Json } from "../../harness/fake_mcp.ts";
import { toJson, toMessage } from "../../harness/stage_rig.ts";

const ENDED = brokenBy(new BridgeError("outcome_unknown", "gone"));
const _meta = { "io.modelcontextprotocol/protocolVersion": "2026-07-28" };
const INITIALIZE = { id: 1, method: "initialize", params: { protocolVersion: "2025-11-25" } };
const DISCOVER = { id: 2, method: "server/discover", params: { _meta } };
const CALL = { id: 3, method: "tools/call", params: { _meta, name: "x" } };

/** One connection to the server, from the side of that. */
class Server {
  readonly received: Json[] = [];
  readonly events: LinkEvents;
  isClosed = false;

  constructor(events: LinkEvents) {
    this.events = events;
  }

  say(message: Json): void {
    void this.events.onmessage(toMessage(message));
  }

  last(method: string): Json {
    return this.received.findLast((message) => message.method === method)!;
  }
}

/** One client, with what its link told it. */
class Client {
  readonly heard: Json[] = [];
  readonly malformed: unknown[] = [];
  readonly ends: unknown[] = [];
  readonly #link: Promise<Link>;

  constructor(place: Place) {
    this.#link = place.open({
      onmessage: (message) => void this.heard.push(toJson(message)),
      onmalformed: (id) => void this.malformed.push(id),
      onactivity: () => {},
      onclose: (failure) => void this.ends.push(failure),
    }, new AbortController());
  }

  async say(message: Json): Promise<void> {
    await (await this.#link).write(toMessage(message), {});
    await settle();
  }

  async leave(): Promise<void> {
    await (await this.#link).close(500);
  }
}

/** The links to a server that is in the test's hands. */
class Rig {
  readonly clock = new FakeClock();
  readonly servers: Server[] = [];
  /** Whether a connection comes about. */
  opens = true;
  readonly links = new CommonLink({
    clock: this.clock,
    server: "program",
    open: (events) => {
      if (!this.opens) return Promise.reject(ENDED);
      const server = new Server(events);
      this.servers.push(server);
      return Promise.resolve({
        write: (message: Message) => void server.received.push(toJson(message)),
        close: () => Promise.resolve(void (server.isClosed = true)),
      });
    },
  });

  client(): { place: Place; client: Client } {
    const place = this.links.place();
    return { place, client: new Client(place) };
  }

  get open(): Server[] {
    return this.servers.filter(({ isClosed }) => !isClosed);
  }
}

describe("clients without a handshake", () => {
  test("share a connection, and each has the answers to its own requests", async () => {
    const rig = new Rig();
    const [{ client: one }, { client: two }] = [rig.client(), rig.client()];
    for (const client of [one, two]) await client.say(CALL);
    const [server] = rig.servers as [Server];
    expect(rig.servers).toHaveLength(1);
    server.received.forEach(({ id }, index) => server.say({ id, result: { index } }));
    expect(one.heard).toMatchObject([{ id: 3, result: { index: 0 } }]);
    expect(two.heard).toMatchObject([{ id: 3, result: { index: 1 } }]);
  });

  test("each have what cannot be read of an answer to them", async () => {
    const rig = new Rig();
    const [{ client: one }, { client: two }] = [rig.client(), rig.client()];
    await one.say(CALL);
    rig.servers[0]!.events.onmalformed(undefined);
    await two.say({ ...CALL, id: "two" });
    const ours = String(rig.servers[0]!.last("tools/call").id);
    for (const id of [ours, undefined, "99"]) rig.servers[0]!.events.onmalformed(id);
    expect([one.malformed, two.malformed]).toEqual([["3"], ['"two"']]);
  });

  test("each hear of its end, and the next message opens another", async () => {
    const rig = new Rig();
    const [{ client: one }, { client: two }] = [rig.client(), rig.client()];
    for (const client of [one, two]) await client.say(CALL);
    rig.servers[0]!.events.onclose(ENDED);
    expect([one.ends, two.ends]).toEqual([[ENDED], [ENDED]]);
    await rig.client().client.say(CALL);
    expect(rig.servers).toHaveLength(2);
  });

  test("leave one by one, and the connection goes with the last of them", async () => {
    const rig = new Rig();
    const [{ client: one }, { client: two }] = [rig.client(), rig.client()];
    for (const client of [one, two]) await client.say(CALL);
    const [first] = rig.servers[0]!.received.filter(({ method }) => method === "tools/call");
    await one.leave();
    expect(rig.servers[0]!.last("notifications/cancelled").params).toEqual({ requestId: first!.id });
    expect(rig.open).toHaveLength(1);
    await two.leave();
    expect(rig.open).toHaveLength(0);
    expect([one.ends, two.ends]).toMatchObject([[{ code: "closing" }], [{ code: "closing" }]]);
  });

  test("that could not be opened is told to all who wait, and tried anew by the next message", async () => {
    const rig = new Rig();
    rig.opens = false;
    const [{ client: one }, { client: two }] = [rig.client(), rig.client()];
    const both = await Promise.allSettled([one.say(CALL), two.say(CALL)]);
    expect(both.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    rig.opens = true;
    for (const client of [one, two]) await client.say({ ...CALL, id: 4 });
    expect(rig.servers).toHaveLength(1);
    expect(rig.servers[0]!.received).toHaveLength(2);
  });
});

describe("a handshake", () => {
  test("has a connection of its own, whose messages pass as they are", async () => {
    const rig = new Rig();
    const clients = [rig.client(), rig.client()];
    for (const { client } of clients) await client.say(INITIALIZE);
    expect(rig.servers.map(({ received }) => received.map(({ id }) => id))).toEqual([[1], [1]]);
    rig.servers[1]!.say({ id: 1, result: {} });
    expect(clients.map(({ client }) => client.heard.length)).toEqual([0, 1]);
  });

  test("that is refused leaves a connection that others come to", async () => {
    const rig = new Rig();
    const { client: one, place } = rig.client();
    for (const message of [INITIALIZE, DISCOVER]) await one.say(message);
    place.found("modern");
    const two = rig.client();
    expect(two.place.known).toBe("modern");
    for (const client of [one, two.client]) await client.say(CALL);
    expect(rig.servers).toHaveLength(1);
    rig.servers[0]!.say({ id: rig.servers[0]!.last("tools/call").id, result: {} });
    expect([one.heard.length, two.client.heard.length]).toEqual([0, 1]);
  });

  test("that is refused where there is a common connection already has another one end", async () => {
    const rig = new Rig();
    await rig.client().client.say(CALL);
    const { client, place } = rig.client();
    for (const message of [INITIALIZE, DISCOVER]) await client.say(message);
    expect(rig.open).toHaveLength(2);
    place.found("modern");
    await client.say(CALL);
    expect(rig.open).toEqual([rig.servers[0]!]);
    expect(rig.servers[0]!.received).toHaveLength(2);
    expect(client.ends).toEqual([]);
  });

  test("never goes out where others are, who keep their connection", async () => {
    const rig = new Rig();
    const [{ client: one }, { client: two }] = [rig.client(), rig.client()];
    for (const client of [one, two]) await client.say(CALL);
    await one.say(INITIALIZE);
    expect(rig.servers[0]!.last("initialize")).toBeUndefined();
    expect(rig.servers[1]!.received).toMatchObject([{ method: "initialize", id: 1 }]);
    expect(rig.open).toHaveLength(2);
  });

  test("and what is of neither era come first on a connection of their own", async () => {
    const rig = new Rig();
    await rig.client().client.say(CALL);
    await rig.client().client.say({ id: 1, method: "tools/list" });
    expect(rig.servers).toHaveLength(2);
  });

  test("is done by one client at a time while nobody knows the era, and by all at once afterwards", async () => {
    const rig = new Rig();
    const { promise, resolve } = Promise.withResolvers<void>();
    const begun: number[] = [];
    const places = [1, 2, 3].map(() => rig.links.place());
    const work = (place: number) => async (): Promise<void> => {
      begun.push(place);
      await promise;
      places[place]!.found("legacy");
    };
    const all = [0, 1].map((place) => places[place]!.inTurn(work(place)));
    await settle();
    expect(begun).toEqual([0]);
    resolve();
    await Promise.all(all);
    expect(begun).toEqual([0, 1]);
    await places[2]!.inTurn(work(2));
    expect(begun).toEqual([0, 1, 2]);
  });

  test("that gets no answer holds the next one up for 10 s", async () => {
    const rig = new Rig();
    const begun: number[] = [];
    void rig.links.place().inTurn(() => new Promise(() => {}));
    void rig.links.place().inTurn(() => Promise.resolve(void begun.push(2)));
    await rig.clock.pass(9_999);
    expect(begun).toEqual([]);
    await rig.clock.pass(1);
    expect(begun).toEqual([2]);
  });

  test.each([INITIALIZE, DISCOVER])(
    "of a client that leaves in the midst of it leaves the turn at once: $method",
    async (asked) => {
      const rig = new Rig();
      const { clock } = rig;
      const place = rig.links.place();
      const events = { onmessage: () => undefined, onactivity: () => {}, onloss: () => {} };
      const far = new SharedStreamEnd({ open: place.open, events, clock, isLocal: true });
      const first = place.inTurn(async () => await far.send(toMessage(asked)));
      const second = rig.links.place().inTurn(() => Promise.resolve());
      await settle();
      expect(rig.servers[0]!.received).toHaveLength(1);
      void far.close(500);
      await expect(first).rejects.toMatchObject({ code: "closing" });
      await second;
    },
  );

  test("that fails leaves the turn to the next one", async () => {
    const rig = new Rig();
    const first = rig.links.place().inTurn(() => Promise.reject(ENDED));
    const second = rig.links.place().inTurn(() => Promise.resolve());
    await expect(first).rejects.toBe(ENDED);
    expect(await second).toBeUndefined();
  });
});
