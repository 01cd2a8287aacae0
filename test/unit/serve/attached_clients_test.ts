import { describe, expect, test } from "bun:test";
import type { LocalSocket } from "../../../src/platform/local_socket.ts";
import { AttachedClients } from "../../../src/serve/attached_clients.ts";
import { Pool, type PoolEntry } from "../../../src/serve/pool.ts";
import { Sessions } from "../../../src/serve/sessions.ts";
import type { LocalEnd } from "../../../src/transport/channel.ts";
import { composeMessage, type Message } from "../../../src/transport/message.ts";
import { FakeClock, settle } from "../../harness/fake_clock.ts";

const HELLO = { version: "1.0.0", name: "notes", account: "default", settings: "same", way: {} };
const INITIALIZE =
  '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"clientInfo":{"name":"c","version":"1"}}}\n';
const META = '"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}';

/** A process that has connected, in the test's hands. */
class Caller {
  said = "";
  ends = 0;
  /** Settles for a process that is behind as soon as it reads on. */
  behind: Promise<void> | undefined;
  /** How much is said before it reads on, in bytes. */
  unread = 0;
  readonly #pipe = new TransformStream<Uint8Array>();
  readonly #writer = this.#pipe.writable.getWriter();
  readonly socket: LocalSocket;

  constructor(user: number | undefined = 7) {
    const unsent = (): number => this.unread;
    this.socket = {
      isOpen: true,
      input: this.#pipe.readable,
      write: (bytes) => {
        this.said += new TextDecoder().decode(bytes);
        if (this.behind !== undefined) this.unread += bytes.length;
        return this.behind === undefined ? bytes.length : this.behind.then(() => bytes.length);
      },
      flush: () => this.behind?.then(() => 0) ?? 0,
      get unsent(): number {
        return unsent();
      },
      end: () => {
        this.ends++;
        void this.#writer.close().catch(() => {});
      },
      peerUser: () => Promise.resolve(user),
    };
  }

  async say(text: string | object): Promise<void> {
    const line = typeof text === "string" ? text : `${JSON.stringify(text)}\n`;
    void this.#writer.write(new TextEncoder().encode(line)).catch(() => {});
    await settle();
  }
}

/** A server of the pool that answers nothing by itself. */
class Rig {
  readonly clock = new FakeClock();
  readonly notices: string[] = [];
  readonly sessions = new Sessions(this.clock, { most: 2, idle: 1_000 });
  /** The ways that were opened to the server, and what came by each. */
  readonly lines: { readonly local: LocalEnd; readonly heard: Message[]; closes: number }[] = [];
  readonly pool = new Pool({ clock: this.clock, idle: 0, record: () => {} });
  readonly clients = new AttachedClients({
    version: "1.0.0",
    pool: this.pool,
    sessions: this.sessions,
    limit: 1_000,
    uid: 7,
    way: { proxy: "p", authority: "a" },
    clock: this.clock,
    notify: ({ text }) => this.notices.push(text),
  });

  entries(settings: Readonly<Record<string, string | undefined>>): Map<string, PoolEntry> {
    return new Map(
      Object.entries(settings).map(([slug, attachable]) => [slug, {
        slug,
        attachable,
        account: "default",
        isShared: false,
        fingerprint: String(attachable),
        reach: () => ({
          name: slug,
          open: (local) => {
            const line = { local, heard: [] as Message[], closes: 0 };
            this.lines.push(line);
            return {
              fromClient: (message) => void line.heard.push(message),
              leave: () => Promise.resolve(),
              close: () => Promise.resolve(void line.closes++),
            };
          },
          close: () => Promise.resolve(),
        }),
      }]),
    );
  }

  static async make(): Promise<Rig> {
    const rig = new Rig();
    await rig.pool.replace(rig.entries({ notes: "same", program: undefined }));
    return rig;
  }

  async attached(): Promise<Caller> {
    const caller = new Caller();
    void this.clients.take(caller.socket);
    await caller.say(HELLO);
    expect(caller.said).toBe('{"ok":true}\n');
    return caller;
  }
}

describe("a process of the same user, version and settings", () => {
  test("is a session like any other, and its messages go to the server", async () => {
    const rig = await Rig.make();
    const caller = await rig.attached();
    expect(rig.sessions.size).toBe(1);
    await caller.say(INITIALIZE);
    expect(rig.lines).toHaveLength(1);
    expect(rig.lines[0]!.heard.map(({ method }) => method)).toEqual(["initialize"]);
    caller.socket.end();
    await settle();
    expect([rig.sessions.size, rig.lines[0]!.closes]).toEqual([0, 1]);
  });

  test("is taken in where its environment says the same of the way to servers", async () => {
    const rig = await Rig.make();
    const caller = new Caller();
    void rig.clients.take(caller.socket);
    await caller.say({ ...HELLO, way: { proxy: "p", authority: "a" } });
    expect(caller.said).toBe('{"ok":true}\n');
  });

  test("is told now and then that we are there", async () => {
    const rig = await Rig.make();
    const caller = await rig.attached();
    await rig.clock.pass(20_000);
    expect(caller.said).toBe('{"ok":true}\n\n');
  });

  test("is one of many where its client speaks without a session, and has one as soon as it opens that", async () => {
    const rig = await Rig.make();
    const [one, other] = [await rig.attached(), await rig.attached()];
    for (const caller of [one, other]) {
      await caller.say(`{"jsonrpc":"2.0","id":1,"method":"server/discover","params":{${META}}}\n`);
    }
    expect(rig.lines).toHaveLength(1);
    expect(new Set(rig.lines[0]!.heard.map(({ id }) => id)).size).toBe(2);
    await one.say(INITIALIZE);
    await one.say('{"jsonrpc":"2.0","method":"notifications/initialized"}\n');
    expect(rig.lines.map(({ heard }) => heard.length)).toEqual([2, 2]);
  });

  test("is ended where it says what is no message", async () => {
    const rig = await Rig.make();
    const caller = await rig.attached();
    await caller.say("nonsense\n");
    expect([rig.sessions.size, caller.ends > 0]).toEqual([0, true]);
  });
});

describe("a process that is behind in the midst of a large answer", () => {
  /** It has begun to read an answer, and goes on with `resume`. */
  async function inAnAnswer(rig: Rig): Promise<{ readonly caller: Caller; resume(): Promise<string[]> }> {
    const caller = await rig.attached();
    await caller.say(INITIALIZE);
    const { promise, resolve } = Promise.withResolvers<void>();
    caller.behind = promise;
    void rig.lines[0]!.local.send(composeMessage({ id: 1, result: { pad: "x".repeat(1_000_000) } }));
    const resume = async (): Promise<string[]> => {
      resolve();
      await settle();
      return caller.said.split("\n").slice(1);
    };
    return { caller, resume };
  }

  test("is told that we are there behind it, and the answer is whole", async () => {
    const rig = await Rig.make();
    const { resume } = await inAnAnswer(rig);
    await rig.clock.pass(20_000);
    const [answer, ...rest] = await resume();
    expect([JSON.parse(answer!).result.pad.length, rest]).toEqual([1_000_000, ["", ""]]);
  });

  test("is sent away behind it, and the answer is whole", async () => {
    const rig = await Rig.make();
    const { resume } = await inAnAnswer(rig);
    void rig.clients.keep(new Map());
    await settle();
    const [answer, ...rest] = await resume();
    expect([JSON.parse(answer!).result.pad.length, rest]).toEqual([1_000_000, ["leaving", ""]]);
  });
});

describe("a process that does not read", () => {
  const NEWS = composeMessage({ method: "notifications/message", params: { data: "x".repeat(60_000) } });
  const ANSWER = composeMessage({ id: 1, result: { pad: "x".repeat(1_000_000) } });

  async function stopped(rig: Rig): Promise<{ readonly caller: Caller; hears(message: Message): Promise<void> }> {
    const caller = await rig.attached();
    await caller.say(INITIALIZE);
    const { local } = rig.lines[0]!;
    caller.behind = new Promise(() => {});
    const hears = async (message: Message): Promise<void> => {
      void local.send(message);
      await settle();
    };
    return { caller, hears };
  }

  test("is ended when it is 1 MiB behind with what is said to all, which nobody waits for", async () => {
    const rig = await Rig.make();
    const { caller, hears } = await stopped(rig);
    for (let count = 0; count < 18; count++) await hears(NEWS);
    expect([caller.ends, rig.sessions.size]).toEqual([0, 1]);
    for (let count = 0; count < 3; count++) await hears(NEWS);
    expect([caller.ends > 0, rig.sessions.size]).toEqual([true, 0]);
    const { length } = caller.said;
    await hears(NEWS);
    expect(caller.said).toHaveLength(length);
  });

  test("yet is not ended for its answers, with news behind them, nor for one message of any length", async () => {
    const rig = await Rig.make();
    const { caller, hears } = await stopped(rig);
    await hears(composeMessage({ method: "notifications/message", params: { data: "x".repeat(3_000_000) } }));
    for (let count = 0; count < 30; count++) await hears(count % 3 === 0 ? NEWS : ANSWER);
    expect([caller.ends, rig.sessions.size]).toEqual([0, 1]);
  });

  test("is not ended where it reads on, however much it has heard", async () => {
    const rig = await Rig.make();
    const { caller, hears } = await stopped(rig);
    for (let count = 0; count < 50; count++) {
      await hears(NEWS);
      // It is behind all the time, by eight lines.
      caller.unread = Math.min(caller.unread, 8 * NEWS.bytes.length);
    }
    expect([caller.ends, rig.sessions.size]).toEqual([0, 1]);
  });

  test("is ended when its answers fill 64 MiB of memory behind one message of the longest kind", async () => {
    const rig = await Rig.make();
    const { caller, hears } = await stopped(rig);
    await hears(NEWS);
    caller.unread = 64 * 1_048_576;
    await hears(composeMessage({ id: 1, result: {} }));
    expect(caller.ends).toBe(0);
    caller.unread += 1_000;
    await hears(composeMessage({ id: 2, result: {} }));
    expect([caller.ends > 0, rig.sessions.size]).toEqual([true, 0]);
  });
});

describe("a process that is none of ours", () => {
  test.each<[string, object, RegExp]>([
    ["of another version", { ...HELLO, version: "2.0.0" }, /refused":"it is version .*, \\"serve\\" is 1.0.0/],
    ["for a name that is none", { ...HELLO, name: "none" }, /no server of this name/],
    ["with other settings", { ...HELLO, settings: "other" }, /other settings/],
    ["with another proxy", { ...HELLO, way: { proxy: "other" } }, /goes by another proxy, or by none/],
    ["with another authority", { ...HELLO, way: { proxy: "p", authority: "other" } }, /trusts other authorities/],
    ["with what we know nothing of", { ...HELLO, way: { toString: "x" } }, /"refused":/],
    ["for a program of its own", { ...HELLO, name: "program" }, /clients do not share/],
  ])("%s is told why, and sent away", async (_who, hello, said) => {
    const rig = await Rig.make();
    const caller = new Caller();
    void rig.clients.take(caller.socket);
    await caller.say(hello);
    expect(caller.said).toMatch(said);
    expect([caller.ends > 0, rig.sessions.size, rig.pool.servers.length]).toEqual([true, 0, 0]);
  });

  test("that is one too many is told so", async () => {
    const rig = await Rig.make();
    for (let count = 0; count < 2; count++) await rig.attached();
    const caller = new Caller();
    void rig.clients.take(caller.socket);
    await caller.say(HELLO);
    expect(caller.said).toContain("too many sessions");
  });

  test("but another user's is told nothing, whatever it says", async () => {
    const rig = await Rig.make();
    const caller = new Caller(8);
    void rig.clients.take(caller.socket);
    await caller.say(HELLO);
    expect([caller.said, caller.ends > 0]).toEqual(["", true]);
    expect(rig.notices).toEqual(["refused a process of another user (8) at the local socket"]);
  });

  test("and does not show what it should is told nothing", async () => {
    const rig = await Rig.make();
    const caller = new Caller(undefined);
    void rig.clients.take(caller.socket, () => Promise.resolve(false));
    await caller.say(HELLO);
    expect([caller.said, caller.ends > 0]).toEqual(["", true]);
  });

  test("because it says nothing is waited for 5 s", async () => {
    const rig = await Rig.make();
    const caller = new Caller();
    void rig.clients.take(caller.socket);
    await rig.clock.pass(4_900);
    expect(caller.ends).toBe(0);
    await rig.clock.pass(200);
    expect(caller.ends).toBeGreaterThan(0);
  });
});

describe("a change of the servers", () => {
  test("sends away those of a server that has changed or gone, with their answers, and no others", async () => {
    const rig = await Rig.make();
    const before = rig.entries({ notes: "same", more: "same" });
    await rig.pool.replace(before);
    const caller = await rig.attached();
    const other = new Caller();
    void rig.clients.take(other.socket);
    await other.say({ ...HELLO, name: "more" });
    await caller.say(INITIALIZE);
    const kept = rig.clients.keep(rig.entries({ notes: "changed", more: "same" }));
    await settle();
    expect(caller.said).toEndWith("\nleaving\n");
    expect(rig.lines[0]!.closes).toBe(0);
    await rig.clock.pass(1_000);
    await kept;
    expect([caller.ends > 0, rig.lines[0]!.closes, other.ends, rig.sessions.size]).toEqual([true, 1, 0, 1]);
  });

  test("waits no longer for a process that has what it waits for", async () => {
    const rig = await Rig.make();
    const caller = await rig.attached();
    const kept = rig.clients.keep(new Map());
    await settle();
    caller.socket.end();
    await kept;
    expect(rig.sessions.size).toBe(0);
  });
});
