import { afterAll, expect, test } from "bun:test";
import { join } from "node:path";
import { assertEcho, call, flood, initialize, sayInitialized } from "../../../scripts/bench/conversation.ts";
import { startFarEnd, type Way } from "../../../scripts/bench/far_end.ts";
import { startStdioClient } from "../../../scripts/bench/stdio_client.ts";

const PIPE = join(import.meta.dir, "../../../scripts/bench/byte_pipe.ts");
const farEnd = await startFarEnd();
afterAll(() => farEnd.stop());

test.each<Way>(["http", "sse", "webSocket", "stdio"])(
  "the pipe to a far end by %s carries a handshake, one call and many, and ends with its input",
  async (way) => {
    const client = startStdioClient([process.execPath, PIPE, way, ...farEnd.places[way].words], {});
    const answer = await initialize(client);
    expect(JSON.parse(Buffer.from(answer).toString()).result.serverInfo.name).toBe("bench");
    sayInitialized(client);
    assertEcho(await call(client, "echo"));
    expect((await flood(client, 20)).calls).toBeGreaterThan(0);
    client.onend = (): void => {};
    expect(await client.close(5_000)).toBe(true);
  },
);
