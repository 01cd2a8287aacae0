import { describe, expect, test } from "bun:test";
import { Budget } from "../../../src/platform/budget.ts";
import { attachedServerLink } from "../../../src/transport/attached_server.ts";
import type { ChannelFailure } from "../../../src/transport/channel.ts";
import { composeMessage } from "../../../src/transport/message.ts";
import type { Link } from "../../../src/transport/shared_stream.ts";
import { FakeClock, settle } from "../../harness/fake_clock.ts";

/** A link whose other side is the test. */
class Rig {
  readonly clock = new FakeClock();
  readonly heard: string[] = [];
  readonly malformed: (string | undefined)[] = [];
  readonly causes: (string | undefined)[] = [];
  readonly written: string[] = [];
  failure: ChannelFailure | undefined;
  ends = 0;
  /** What a message makes the reading wait for. */
  wait: Promise<void> | undefined;
  readonly #pipe = new TransformStream<Uint8Array>();
  readonly #writer = this.#pipe.writable.getWriter();
  readonly #opened: Promise<Link>;

  constructor(isOpen = true) {
    const open = attachedServerLink({
      input: this.#pipe.readable,
      output: { isOpen, write: (bytes) => this.written.push(new TextDecoder().decode(bytes)), flush: () => 0 },
      end: () => this.ends++,
      limit: 1_000,
      clock: this.clock,
      budget: new Budget(1_000_000),
    });
    this.#opened = open({
      onmessage: (message) => {
        this.heard.push(message.id ?? message.method!);
        return this.wait;
      },
      onmalformed: (id, cause) => {
        this.malformed.push(id);
        this.causes.push(cause?.code);
      },
      onactivity: () => {},
      onclose: (failure) => this.failure = failure,
    }, new AbortController());
  }

  async say(text: string): Promise<void> {
    void this.#writer.write(new TextEncoder().encode(text));
    await settle();
  }

  async end(): Promise<void> {
    void this.#writer.close();
    await settle();
  }

  get opened(): Promise<Link> {
    return this.#opened;
  }

  async ask(id: number): Promise<Link> {
    const link = await this.#opened;
    link.write(composeMessage({ id, method: "tools/call" }), {});
    return link;
  }
}

describe("a link to a serve", () => {
  test("hands on what it says, and passes over what keeps it awake", async () => {
    const rig = new Rig();
    await rig.ask(1);
    await settle();
    await rig.say('\n\n{"jsonrpc":"2.0","id":1,"result":{}}\n\n{"jsonrpc":"2.0","method":"news"}\n');
    expect(rig.heard).toEqual(["1", "news"]);
    expect(rig.written.join("")).toContain('"tools/call"');
    expect([rig.malformed, rig.failure]).toEqual([[], undefined]);
  });

  test("is none where serve has ended before the first message: nothing can have been carried out", async () => {
    const failure = await new Rig(false).opened.catch((thrown) => thrown);
    expect(failure).toMatchObject({ kind: "broken", code: "unreachable", mayHaveRun: false });
  });

  test("ends with the connection, once, and says that what was in flight may have been carried out", async () => {
    const rig = new Rig();
    const link = await rig.ask(1);
    await rig.end();
    await link.close(0);
    expect(rig.failure).toMatchObject({ kind: "broken", code: "outcome_unknown", mayHaveRun: true });
    expect(rig.ends).toBe(1);
  });

  test("is given up where serve says nothing for a minute, blank lines included", async () => {
    const rig = new Rig();
    await rig.ask(1);
    for (let beats = 0; beats < 10; beats++) {
      await rig.clock.pass(20_000);
      await rig.say("\n");
    }
    expect(rig.failure).toBeUndefined();
    await rig.clock.pass(60_000);
    expect(rig.failure?.code).toBe("outcome_unknown");
  });

  test("outlives the machine's sleep, and a client that reads slowly", async () => {
    const rig = new Rig();
    const reading = Promise.withResolvers<void>();
    rig.wait = reading.promise;
    await rig.ask(1);
    rig.clock.sleep(3_600_000);
    await rig.clock.pass(20_000);
    await rig.say('{"jsonrpc":"2.0","method":"news"}\n');
    await rig.clock.pass(300_000);
    expect(rig.failure).toBeUndefined();
    reading.resolve();
  });

  test("of a serve that leaves takes nothing more, and ends with the last answer", async () => {
    const rig = new Rig();
    const link = await rig.ask(1);
    await rig.ask(2);
    expect(link.closing).toBeUndefined();
    await rig.say('{"jsonrpc":"2.0","id":1,"result":{}}\nleaving\n');
    let isClosed = false;
    void link.closing!.then(() => isClosed = true);
    await settle();
    expect([isClosed, rig.failure]).toEqual([false, undefined]);
    await rig.say('{"jsonrpc":"2.0","id":2,"result":{}}\n');
    expect([isClosed, rig.heard, rig.ends]).toEqual([true, ["1", "2"], 1]);
  });

  test("of a serve that leaves ends with the last answer also where that is beyond the limit", async () => {
    const rig = new Rig();
    await rig.ask(1);
    await rig.say("leaving\n");
    expect(rig.ends).toBe(0);
    await rig.say(`{"jsonrpc":"2.0","id":1,"result":"${"x".repeat(2_000)}"}\n`);
    expect(rig.ends).toBe(1);
  });

  test("of a serve that leaves ends at once where nothing is in flight", async () => {
    const rig = new Rig();
    await rig.say("leaving\n");
    expect([rig.ends, rig.failure?.kind]).toEqual([1, "broken"]);
  });

  test("tells of messages that cannot be read, and of those beyond the limit", async () => {
    const rig = new Rig();
    await rig.ask(1);
    await rig.say(`{"id":1}\n{"jsonrpc":"2.0","id":1,"result":"${"x".repeat(2_000)}"}\n`);
    expect([rig.malformed, rig.causes]).toEqual([["1", "1"], [undefined, "too_large"]]);
  });
});
