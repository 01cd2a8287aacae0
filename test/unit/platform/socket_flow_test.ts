import { describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectLocally, listenLocally, type LocalSocket } from "../../../src/platform/local_socket.ts";

describe.skipIf(process.platform === "win32")("SocketFlow", () => {
  test("knows how much the other side is behind, which is nothing once it has read all", async () => {
    const folder = mkdtempSync(join(tmpdir(), "mcpb-flow-"));
    const met = Promise.withResolvers<LocalSocket>();
    const listener = listenLocally(join(folder, "s"), met.resolve);
    const reader = await connectLocally(join(folder, "s"));
    const writer = await met.promise;
    const SIZE = 8 * 1_048_576;
    const written = writer.write(new Uint8Array(SIZE));
    expect(writer.unsent).toBeWithin(SIZE / 2, SIZE + 1);
    let read = 0;
    for await (const chunk of reader.input) if ((read += chunk.length) === SIZE) break;
    await written;
    expect(writer.unsent).toBe(0);
    void Promise.resolve(writer.write(new Uint8Array(SIZE))).catch(() => {});
    writer.end();
    expect(writer.unsent).toBe(0);
    listener.stop();
    rmSync(folder, { recursive: true });
  });
});
