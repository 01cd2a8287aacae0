/** Messages around the size of a pipe's buffer and far beyond it, through the executable's own pipes. */
import { describe, expect, test } from "bun:test";
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable, Writable } from "node:stream";
import { EXECUTABLE } from "../../scripts/build.ts";
import { body, FakeMcp } from "../harness/fake_mcp.ts";
import { Home } from "../harness/home.ts";

const KIB = 1_024;
const SIZES: [name: string, bytes: number][] = [
  ["64 KiB - 1", 64 * KIB - 1],
  ["64 KiB", 64 * KIB],
  ["64 KiB + 1", 64 * KIB + 1],
  ["1 MiB", KIB * KIB],
  ["8 MiB", 8 * KIB * KIB],
];
const FORMS: [form: string, answer: (text: Buffer) => Response][] = [
  ["JSON", (text) => body(new Uint8Array(text))],
  [
    "SSE",
    (text) => body(new Uint8Array(Buffer.concat([bytesOf("data: "), text, bytesOf("\n\n")])), "text/event-stream"),
  ],
];
const READERS: [pace: string, waitMs: number][] = [["fast", 0], ["slow", 2]];

function bytesOf(text: string): Buffer {
  return Buffer.from(text, "utf8");
}

/** A message of exactly so many bytes, no two pieces of which are alike. */
function messageOf(bytes: number, head: string): Buffer {
  const frame = bytesOf(`${head}""}}`).length;
  const pieces: string[] = [];
  let length = frame;
  for (let n = 0;; n++) {
    const piece = `${n.toString(36)} \\n\\u00e9 \u00e9\u4e16\ud83d\ude00;`;
    if (length + bytesOf(piece).length > bytes) break;
    pieces.push(piece);
    length += bytesOf(piece).length;
  }
  return bytesOf(`${head}"${pieces.join("")}${"x".repeat(bytes - length)}"}}`);
}

function start(home: Home, url: string): ChildProcessByStdio<Writable, Readable, null> {
  return spawn(EXECUTABLE, [url], { cwd: home.folder, env: home.env, stdio: ["pipe", "pipe", "ignore"] });
}

/** Reads so many bytes, with a wait behind each chunk. */
async function read(stream: Readable, bytes: number, waitMs: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    parts.push(part);
    length += part.length;
    if (length >= bytes) break;
    if (waitMs > 0) await Bun.sleep(waitMs);
  }
  return Buffer.concat(parts);
}

describe.each(SIZES)("%s", (_size, bytes) => {
  for (const [form, answer] of FORMS) {
    for (const [pace, waitMs] of READERS) {
      test(`an answer as ${form} reaches a ${pace} reader, every byte of it (C22)`, async () => {
        using home = new Home();
        using server = new FakeMcp();
        const message = messageOf(bytes, '{"jsonrpc":"2.0","id":1,"result":{"text":');
        expect(message).toHaveLength(bytes);
        server.on("tools/call", () => answer(message));
        const bridge = start(home, server.url);
        bridge.stdin.write('{"jsonrpc":"2.0","id":1,"method":"tools/call"}\n');
        const line = await read(bridge.stdout, bytes + 1, waitMs);
        expect(line.subarray(0, -1).equals(message)).toBe(true);
        expect(line.at(-1)).toBe(10);
        bridge.stdin.end();
        expect((await once(bridge, "exit"))[0]).toBe(0);
        expect(bridge.stdout.read()).toBeNull();
      });
    }
  }

  test("a request reaches the server, every byte of it (C22)", async () => {
    using home = new Home();
    using server = new FakeMcp();
    const message = messageOf(bytes, '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"text":');
    server.on("tools/call", () => body('{"jsonrpc":"2.0","id":1,"result":{}}'));
    const bridge = start(home, server.url);
    bridge.stdin.write(Buffer.concat([message, bytesOf("\n")]));
    const { text } = await server.seen.find(({ message }) => message?.method === "tools/call");
    expect(bytesOf(text).equals(message)).toBe(true);
    bridge.stdin.end();
    bridge.stdout.resume();
    expect((await once(bridge, "exit"))[0]).toBe(0);
  });
});

test("an answer of 8 MiB arrives to its last byte though the client has ended its input, as one that pipes requests in does (C22)", async () => {
  using home = new Home();
  using server = new FakeMcp();
  const bytes = 8 * KIB * KIB;
  const message = messageOf(bytes, '{"jsonrpc":"2.0","id":1,"result":{"text":');
  server.on("tools/call", () => body(new Uint8Array(message)));
  const bridge = start(home, server.url);
  bridge.stdin.end('{"jsonrpc":"2.0","id":1,"method":"tools/call"}\n');
  const ended = once(bridge, "exit");
  const line = await read(bridge.stdout, bytes + 1, 0);
  expect(line.subarray(0, -1).equals(message)).toBe(true);
  expect((await ended)[0]).toBe(0);
});
