/** Programs behind `serve`: clients share the one of a server that keeps no session, and have one each of any other. */
import { describe, expect, test } from "bun:test";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Message } from "../harness/executable.ts";
import { Home } from "../harness/home.ts";
import { type Role, roleOf, type SdkClient, type SdkClientKind, textOf } from "../harness/sdk_client.ts";
import { ServeExecutable } from "../harness/serve_executable.ts";
import { V1_CLIENT } from "../harness/v1_client.ts";
import { V2_PINNED_CLIENT } from "../harness/v2_client.ts";

const PROGRAM = join(import.meta.dir, "../harness/era_program.ts");
type Era = "legacy" | "modern" | "dual";

/** A program behind `serve`, with the folder in which it says what it does. */
class Place implements AsyncDisposable {
  readonly #home = new Home();
  #serve: ServeExecutable | undefined;

  static async of(era: Era, entry: object = {}): Promise<Place> {
    const place = new Place();
    place.speak(era);
    const server = { command: process.execPath, args: [PROGRAM, place.#home.folder], ...entry };
    place.#serve = await ServeExecutable.start({ a: server });
    return place;
  }

  get serve(): ServeExecutable {
    return this.#serve!;
  }

  /** What the program speaks from its next start on. */
  speak(era: Era): void {
    const file = join(this.#home.folder, "era");
    writeFileSync(`${file}.draft`, era);
    renameSync(`${file}.draft`, file);
  }

  /** What it has noted by that word. */
  noted(word: string): string[] {
    return readFileSync(join(this.#home.folder, "log"), "utf8").split("\n").filter((line) => line.startsWith(word));
  }

  /** The processes that run. */
  get running(): number[] {
    return this.noted("start").map((line) => Number(line.split(" ")[1])).filter((pid) => {
      try {
        return process.kill(pid, 0);
      } catch {
        return false;
      }
    });
  }

  /** Settles once there are so many. */
  async counts(processes: number): Promise<void> {
    await until(() => this.running.length === processes);
  }

  client(role: Partial<Role> = {}, kind: SdkClientKind = V1_CLIENT): Promise<SdkClient> {
    return kind.overHttp(`${this.serve.url}/mcp/a`, roleOf(role), this.serve.headers);
  }

  async clients(count: number): Promise<SdkClient[]> {
    return await Promise.all(Array.from({ length: count }, () => this.client()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#serve?.[Symbol.asyncDispose]();
    this.#home[Symbol.dispose]();
  }
}

/** What a process writes into a file is awaited by looking again. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await Bun.sleep(10);
}

async function call(client: SdkClient, tool: string, args: Record<string, unknown> = {}): Promise<Message> {
  return JSON.parse(textOf(await client.call(tool, args)));
}

async function pidOf(client: SdkClient): Promise<number> {
  return (await call(client, "who"))["pid"];
}

function news({ notifications }: SdkClient, method: string): unknown[] {
  return notifications.items.filter((each) => each["method"] === method).map((each) =>
    each["params"].uri ?? each["params"]
  );
}

describe("a program that keeps no session", () => {
  test("is started once for all who come at once, and for those who come later", async () => {
    await using place = await Place.of("modern");
    const clients = await place.clients(3);
    clients.push(await place.client());
    expect(new Set(await Promise.all(clients.map(pidOf))).size).toBe(1);
    expect(place.noted("start")).toHaveLength(1);
  });

  test("is the same for clients of both eras, whoever comes first", async () => {
    for (const kinds of [[V1_CLIENT, V2_PINNED_CLIENT], [V2_PINNED_CLIENT, V1_CLIENT]]) {
      await using place = await Place.of("modern");
      const clients = [];
      for (const kind of kinds) clients.push(await place.client({}, kind));
      expect(new Set(await Promise.all(clients.map(pidOf))).size).toBe(1);
      await place.counts(1);
    }
  });

  test("answers each client what is its own: results, progress, log, news and questions", async () => {
    await using place = await Place.of("modern");
    const names = ["one", "two", "three"];
    const clients = await Promise.all(
      names.map((name) => place.client({ elicit: () => ({ action: "accept", content: { name } }) })),
    );
    const [one, two, three] = clients as [SdkClient, SdkClient, SdkClient];
    await one.logFrom("info");
    await two.listen("test://a");
    await three.listen("test://b");
    const progress = await Promise.all(clients.map(async (client, index) => {
      const heard: number[] = [];
      const onprogress = (each: { progress: number }): void => void heard.push(each.progress);
      await Promise.all([
        client.call("progress", { step: index + 1 }, { onprogress }),
        call(client, "ask").then((answer) => expect(answer).toEqual({ name: names[index]! })),
        call(client, "log", { text: names[index] }).then((answer) => expect(String(answer)).toBe(names[index]!)),
      ]);
      return heard;
    }));
    // An SDK takes up a result before a step that came in the same read, and so can lose it.
    expect(progress.map((heard, index) => heard.filter((step) => step !== index + 1))).toEqual([[], [], []]);
    expect(await Promise.all(clients.map(async (client) => (await call(client, "who"))["level"]))).toEqual([
      "info",
      null,
      null,
    ]);
    await call(one, "touch", { uri: "test://b" });
    await call(one, "touch", { uri: "test://a" });
    await two.notifications.find(({ method }) => method === "notifications/resources/updated");
    await three.notifications.find(({ method }) => method === "notifications/resources/updated");
    expect(clients.map((client) => news(client, "notifications/message").length)).toEqual([1, 0, 0]);
    expect(clients.map((client) => news(client, "notifications/resources/updated"))).toEqual([
      [],
      ["test://a"],
      ["test://b"],
    ]);
    expect(place.noted("start")).toHaveLength(1);
  });

  test("has hundreds of calls of many clients at a time, each with its own answer and progress", async () => {
    await using place = await Place.of("modern");
    const clients = await place.clients(8);
    const calls = clients.flatMap((client, index) =>
      Array.from({ length: 30 }, async (_, count) => {
        const step = index * 100 + count;
        const heard: number[] = [];
        const onprogress = (each: { progress: number }): void => void heard.push(each.progress);
        const result = await client.call("progress", { step }, { onprogress });
        return [step, Number(textOf(result)), ...heard];
      })
    );
    // The SDK may take up a result before progress that came in the same read.
    for (const [step, ...others] of await Promise.all(calls)) {
      expect([others.length > 0, others.filter((each) => each !== step)]).toEqual([true, []]);
    }
    expect(place.noted("start")).toHaveLength(1);
  });

  test("gives up what one client gives up, and goes on with the others' calls", async () => {
    await using place = await Place.of("modern");
    const [one, two] = await place.clients(2) as [SdkClient, SdkClient];
    const abort = new AbortController();
    const given = one.call("hold", { text: "one" }, { signal: abort.signal }).catch(() => "given up");
    const kept = call(two, "hold", { text: "two" });
    await until(() => place.noted("hold").length === 2);
    abort.abort();
    expect(await given).toBe("given up");
    await until(() => place.noted("cancelled").length > 0);
    await call(two, "release");
    expect(String(await kept)).toBe("two");
    expect(place.noted("cancelled")).toEqual(["cancelled"]);
  });

  test("goes on for the others when one leaves, which listens no longer, and ends with the last", async () => {
    await using place = await Place.of("modern");
    const [one, two] = await place.clients(2) as [SdkClient, SdkClient];
    await one.listen("test://a");
    await two.listen("test://b");
    expect(Number(await call(two, "listeners"))).toBe(2);
    const kept = call(two, "hold", { text: "two" });
    void one.call("hold", { text: "one" }).catch(() => {});
    await until(() => place.noted("hold").length === 2);
    const before = place.noted("unlisten").length;
    await leave(place, one);
    await until(() => place.noted("cancelled").length === 1 && place.noted("unlisten").length > before);
    expect(Number(await call(two, "listeners"))).toBe(1);
    await call(two, "release");
    expect(String(await kept)).toBe("two");
    await leave(place, two);
    await place.counts(0);
    expect(place.noted("start")).toHaveLength(1);
  });

  test("that ends by itself costs each call one answer, and is started once more for all", async () => {
    await using place = await Place.of("modern");
    const clients = await place.clients(3);
    await clients[1]!.listen("test://b");
    const held = clients.map((client) => client.call("hold", { text: "x" }).then(() => "result", () => "error"));
    await until(() => place.noted("hold").length === 3);
    await clients[0]!.call("exit").catch(() => {});
    expect(await Promise.all(held)).toEqual(["error", "error", "error"]);
    expect(new Set(await Promise.all(clients.map(pidOf))).size).toBe(1);
    await until(() => place.noted("listen test://b").length > 1);
    await call(clients[0]!, "touch", { uri: "test://b" });
    await clients[1]!.notifications.find(({ method }) => method === "notifications/resources/updated");
    expect(place.noted("start")).toHaveLength(2);
    expect(clients.map(({ complaints }) => complaints)).toEqual([[], [], []]);
  });

  test("is listened to anew where it ends a subscription of its own accord", async () => {
    await using place = await Place.of("modern");
    const [one, two] = await place.clients(2) as [SdkClient, SdkClient];
    await one.listen("test://a");
    await call(two, "dismiss");
    await until(() => place.noted("listen test://a").length > 1);
    await call(two, "touch", { uri: "test://a" });
    await one.notifications.find(({ method }) => method === "notifications/resources/updated");
  });

  test('is started for each client where the entry says share: "never"', async () => {
    await using place = await Place.of("modern", { share: "never" });
    const clients = await place.clients(3);
    expect(new Set(await Promise.all(clients.map(pidOf))).size).toBe(3);
  });
});

describe("a program that wants a handshake", () => {
  test("is started for each client, and no more often", async () => {
    for (const era of ["legacy", "dual"] as const) {
      await using place = await Place.of(era);
      const clients = await place.clients(3);
      expect(new Set(await Promise.all(clients.map(pidOf))).size).toBe(3);
      expect(place.noted("start")).toHaveLength(3);
    }
  });

  test("and can do without is shared by those clients alone that do without", async () => {
    await using place = await Place.of("dual");
    const modern = [await place.client({}, V2_PINNED_CLIENT), await place.client({}, V2_PINNED_CLIENT)];
    const legacy = await place.clients(2);
    expect(new Set(await Promise.all(modern.map(pidOf))).size).toBe(1);
    expect(new Set(await Promise.all([...modern, ...legacy].map(pidOf))).size).toBe(3);
  });
});

describe("a program that speaks another era when it is started again", () => {
  test("is shared from then on", async () => {
    await using place = await Place.of("legacy");
    const clients = await place.clients(3);
    place.speak("modern");
    await Promise.all(clients.map((client) => client.call("exit").catch(() => {})));
    await until(() => place.running.length > 0);
    expect(new Set(await Promise.all(clients.map(pidOf))).size).toBe(1);
    await place.counts(1);
  });

  test("is everybody's own from then on, and what was asked without a handshake has ended", async () => {
    await using place = await Place.of("modern");
    const clients = await place.clients(3);
    place.speak("legacy");
    await clients[0]!.call("exit").catch(() => {});
    await until(() => place.running.length > 0);
    expect(new Set(await Promise.all(clients.map(pidOf))).size).toBe(3);
    await place.counts(3);
  });
});

/** Ends a client's session. */
async function leave(place: Place, { sdk }: SdkClient): Promise<void> {
  const { sessionId } = sdk.transport as { sessionId?: string };
  await sdk.close();
  const headers = { "mcp-session-id": sessionId!, "mcp-protocol-version": "2025-11-25" };
  await place.serve.ask("/mcp/a", { method: "DELETE", headers });
}
