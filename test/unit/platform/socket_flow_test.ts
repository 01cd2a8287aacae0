import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  connectLocally,
  listenLocally,
  type LocalListener,
  type LocalSocket,
} from "../../../src/platform/local_socket.ts";

const SIZE = 8 * 1_048_576;

describe.skipIf(process.platform === "win32")("SocketFlow", () => {
  let folder: string;
  let listener: LocalListener;
  let reader: LocalSocket;
  let writer: LocalSocket;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "mcpb-flow-"));
    const met = Promise.withResolvers<LocalSocket>();
    listener = listenLocally(join(folder, "s"), met.resolve);
    reader = await connectLocally(join(folder, "s"));
    writer = await met.promise;
  });
  afterEach(() => {
    listener.stop();
    rmSync(folder, { recursive: true });
  });

  async function received(size: number): Promise<Buffer> {
    const chunks: Uint8Array[] = [];
    let read = 0;
    for await (const chunk of reader.input) {
      chunks.push(chunk);
      if ((read += chunk.length) === size) break;
    }
    return Buffer.concat(chunks);
  }

  test("knows how much the other side is behind, which is nothing once it has read all", async () => {
    const written = writer.write(new Uint8Array(SIZE));
    expect(writer.unsent).toBeWithin(SIZE / 2, SIZE + 1);
    await received(SIZE);
    await written;
    expect(writer.unsent).toBe(0);
    void Promise.resolve(writer.write(new Uint8Array(SIZE))).catch(() => {});
    writer.end();
    expect(writer.unsent).toBe(0);
  });

  test("copies what the other side has not taken, unless it stays as it is", async () => {
    for (const lasting of [false, true]) {
      const bytes = new Uint8Array(SIZE).fill(1);
      const written = writer.write(bytes, lasting);
      bytes.fill(2, SIZE - 1);
      expect((await received(SIZE)).at(-1)).toBe(lasting ? 2 : 1);
      await written;
    }
  });
});
