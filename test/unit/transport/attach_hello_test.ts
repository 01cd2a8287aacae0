import { describe, expect, test } from "bun:test";
import { array, assert, asyncProperty, nat, uint8Array } from "fast-check";
import { Preface, readHello, readWelcome, sayLine, sayWelcome } from "../../../src/transport/attach_hello.ts";
import { isProvenBy, proveToServe } from "../../../src/transport/attach_proof.ts";
import { runs } from "../../harness/counts.ts";
import { failure } from "../../harness/vault_place.ts";

const HELLO = { version: "1.0.0", name: "notes", account: "default", settings: "0", way: { proxy: "1" } };

async function* chunksOf(bytes: Uint8Array, cuts: readonly number[]): AsyncGenerator<Uint8Array> {
  const places = [...cuts.map((cut) => cut % (bytes.length + 1)), 0, bytes.length].sort((one, other) => one - other);
  for (const [at, place] of places.slice(1).entries()) {
    if (place > places[at]!) yield await Promise.resolve(bytes.slice(places[at], place));
  }
}

describe("what is said before the first message", () => {
  test("is read in whatever pieces it comes, and what follows is left as it is", async () => {
    await assert(
      asyncProperty(array(nat()), uint8Array(), async (cuts, rest) => {
        const bytes = Buffer.concat([sayLine(HELLO), sayWelcome({ isWelcome: true }), rest]);
        const preface = new Preface(chunksOf(bytes, cuts));
        expect(readHello(await preface.next())).toEqual(HELLO);
        expect(readWelcome(await preface.next())).toEqual({ isWelcome: true });
        expect(Buffer.concat(await Array.fromAsync(preface.rest()))).toEqual(Buffer.from(rest));
      }),
      { numRuns: runs(200, 5_000) },
    );
  });

  test.each<[string, string]>([
    ["no JSON", "hello\n"],
    ["a line without an end", "{"],
    ["nothing", ""],
    ["a line that is too long", `{"name":"${"x".repeat(5_000)}"}\n`],
    ["a flood without an end", "x".repeat(100_000)],
    ["an array", "[]\n"],
    ["a member that is no text", JSON.stringify({ ...HELLO, name: 1 }) + "\n"],
    ["a way that is no text", JSON.stringify({ ...HELLO, way: { proxy: 1 } }) + "\n"],
    ["a member too few", '{"version":"1.0.0","name":"notes","account":"default","way":{}}\n'],
  ])("is no hello where it is %s", async (_what, text) => {
    const preface = new Preface(chunksOf(new TextEncoder().encode(text), []));
    expect(readHello(await preface.next())).toBeUndefined();
  });

  test("is one of another version, too, which knows of fewer things", () => {
    const { way: _, ...older } = HELLO;
    expect(readHello({ ...older, more: true })).toEqual({ ...older, way: {} });
  });

  test.each<[Record<string, unknown> | undefined, unknown]>([
    [{ ok: true }, { isWelcome: true }],
    [{ refused: "why" }, { isWelcome: false, reason: "why" }],
    [{ ok: 1 }, undefined],
    [{}, undefined],
    [undefined, undefined],
  ])("is the answer of serve: %j", (value, read) => {
    expect(readWelcome(value)).toEqual(read as ReturnType<typeof readWelcome>);
  });
});

describe("a token that both sides hold", () => {
  /** Lets both sides show what they have; what went over the line comes back. */
  async function meet(ours: string, theirs: string): Promise<{ client: unknown; serve: boolean; said: string }> {
    const [up, down] = [new TransformStream<Uint8Array>(), new TransformStream<Uint8Array>()];
    const writers = [up.writable.getWriter(), down.writable.getWriter()] as const;
    let said = "";
    const writeTo = (writer: WritableStreamDefaultWriter<Uint8Array>) => ({
      write: async (bytes: Uint8Array): Promise<number> => {
        said += new TextDecoder().decode(bytes);
        await writer.write(bytes);
        return bytes.length;
      },
    });
    const client = proveToServe(ours, writeTo(writers[0]), new Preface(down.readable)).then(
      () => "proven",
      async (thrown) => {
        await writers[0].close();
        return thrown.code;
      },
    );
    const serve = isProvenBy(theirs, writeTo(writers[1]), new Preface(up.readable));
    return { client: await client, serve: await serve, said };
  }

  test("lets them meet, and is not said", async () => {
    const met = await meet("secret", "secret");
    expect([met.client, met.serve]).toEqual(["proven", true]);
    expect(met.said).not.toContain("secret");
  });

  test("keeps apart who holds another one", async () => {
    const met = await meet("secret", "other");
    expect([met.client, met.serve]).toEqual(["unauthorized", false]);
  });

  test("is not proven by saying back what the other side has said", async () => {
    const nonce = '{"nonce":"x"}\n';
    const echo = new Preface(chunksOf(new TextEncoder().encode(nonce + nonce), []));
    const said: Uint8Array[] = [];
    const socket = { write: (bytes: Uint8Array): number => said.push(bytes) };
    expect((await failure(proveToServe("secret", socket, echo))).code).toBe("unauthorized");
    const proof = JSON.parse(new TextDecoder().decode(said[0]!));
    const mirrored: Uint8Array[] = [];
    const answers = new Preface((async function* (): AsyncGenerator<Uint8Array> {
      yield sayLine(proof);
      while (mirrored.length === 0) await Bun.sleep(1);
      yield mirrored[0]!;
    })());
    expect(await isProvenBy("secret", { write: (bytes) => mirrored.push(bytes) }, answers)).toBe(false);
  });
});
