import { describe, expect, test } from "bun:test";
import { Reply } from "../../../src/transport/reply.ts";
import { settle } from "../../harness/fake_clock.ts";
import { toMessage } from "../../harness/stage_rig.ts";

function answered(bytes: number): { reply: Reply; text: string; isTaken: () => boolean | undefined } {
  const message = toMessage({ id: 1, result: { text: "x".repeat(bytes) } });
  const reply = new Reply({ headers: {}, answers: 1, onleave: () => {} });
  let isTaken: boolean | undefined;
  const wait = reply.answer(message, 200);
  if (wait !== undefined) isTaken = false;
  void wait?.then(() => isTaken = true);
  return { reply, text: new TextDecoder().decode(message.bytes), isTaken: () => isTaken };
}

describe("an answer that stands alone", () => {
  test("waits for nobody where it is small", async () => {
    const { reply, text, isTaken } = answered(1_000);
    expect(isTaken()).toBeUndefined();
    expect(await (await reply.response).text()).toBe(text);
  });

  test("goes in pieces where it is large, and asks to wait until its client has them", async () => {
    const { reply, text, isTaken } = answered(1_000_000);
    const response = await reply.response;
    expect([response.status, response.headers.get("content-type")]).toEqual([200, "application/json"]);
    const chunks: Uint8Array[] = [];
    for await (const chunk of response.body!) {
      chunks.push(chunk);
      if (chunk.length === 262_144) expect(isTaken()).toBe(false);
    }
    await settle();
    expect(isTaken()).toBe(true);
    expect(Math.max(...chunks.map(({ length }) => length))).toBe(262_144);
    expect(Buffer.concat(chunks).toString()).toBe(text);
  });

  test("asks to wait no longer once its client has gone", async () => {
    const { reply, isTaken } = answered(1_000_000);
    const reader = (await reply.response).body!.getReader();
    await reader.read();
    await reader.cancel();
    await settle();
    expect(isTaken()).toBe(true);
  });
});
