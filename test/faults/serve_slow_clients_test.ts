/** Clients that hold a connection of the endpoint and do nothing with it. */
import { afterAll, describe, expect, test } from "bun:test";
import { connect, type Socket } from "node:net";
import { listen } from "../../src/serve/listener.ts";
import { runs } from "../harness/counts.ts";
import { FakeMcp } from "../harness/fake_mcp.ts";
import { ServeExecutable } from "../harness/serve_executable.ts";
import { LIMIT, ServeRig, TOKEN } from "../harness/serve_rig.ts";

/** In place of a minute. */
const IDLE_S = 2;
/** The system looks at such times each 4 s, and a connection that has said nothing has twice the time. */
const CUT_WITHIN_MS = 16_000;
/** The same for a minute, as it is shipped. */
const SHIPPED_WITHIN_MS = 140_000;
const HEAD = headOf(7319, TOKEN);
const JSON_HEAD = `${HEAD}Content-Type: application/json\r\n`;

function headOf(port: number, token: string): string {
  return `POST /mcp/a HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: Bearer ${token}\r\n`;
}

/** Ways to hold a connection: what is said first, and then again and again. */
function slowWays(head: string): [what: string, first: string, more: string | undefined][] {
  const json = `${head}Content-Type: application/json\r\n`;
  return [
    ["that says nothing", "", undefined],
    ["that stops in the midst of its headers", head, undefined],
    ["that says its headers letter by letter", `${head}X-Slow: `, "x"],
    ["that stops in the midst of its body", `${json}Content-Length: 100\r\n\r\n{`, undefined],
    ["that says its body letter by letter", `${json}Content-Length: 10000\r\n\r\n{`, " "],
    ["that says its body in pieces of a letter", `${json}Transfer-Encoding: chunked\r\n\r\n`, "1\r\n \r\n"],
  ];
}

const rig = new ServeRig();
const listener = await listen({ host: "127.0.0.1", port: 0, limit: LIMIT, endpoint: rig.endpoint, idle: IDLE_S });
afterAll(() => listener.stop());

/** Says something, again and again where there is `more`, and waits for the connection's end. */
async function closing(
  first: string,
  more?: string,
  { port, within } = { port: listener.port, within: CUT_WITHIN_MS },
): Promise<{ text: string; ms: number }> {
  const start = performance.now();
  const socket = connect(port, "127.0.0.1");
  let text = "";
  socket.on("data", (chunk) => text += chunk);
  socket.on("error", () => {});
  if (first !== "") socket.write(first);
  const drip = more === undefined ? undefined : setInterval(() => socket.write(more), 200);
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`It is open still: ${text}`)), within);
  try {
    await Promise.race([new Promise<void>((resolve) => socket.once("close", () => resolve())), late.promise]);
  } finally {
    clearInterval(drip);
    clearTimeout(timer);
    socket.destroy();
  }
  return { text, ms: performance.now() - start };
}

describe("a client is cut off", () => {
  test.concurrent.each(slowWays(HEAD))("%s", async (_what, first, more) => {
    const { text } = await closing(first, more);
    expect(text).toBe("");
  }, 20_000);

  test.concurrent("that does not read its stream, and its session can go on", async () => {
    const session = await rig.open();
    const { line } = rig;
    const socket: Socket = connect(listener.port, "127.0.0.1");
    socket.on("error", () => {});
    socket.pause();
    socket.write(
      `GET /mcp/a HTTP/1.1\r\nHost: 127.0.0.1:7319\r\nAuthorization: Bearer ${TOKEN}\r\nMcp-Session-Id: ${session.id}\r\n\r\n`,
    );
    let waits = 0;
    const text = "x".repeat(100_000);
    const start = performance.now();
    // Each message waits for the one before, as a server's stream does that is read with care.
    for (let n = 0; performance.now() - start < CUT_WITHIN_MS; n++) {
      const wait = line.say({ method: "notifications/message", params: { n, text } });
      if (wait !== undefined) {
        waits++;
        await Promise.race([wait, Bun.sleep(CUT_WITHIN_MS)]);
      } else if (waits > 0 && !rig.sessions.get(session.id, "/mcp/a")?.isHeard()) break;
      await Bun.sleep(1);
    }
    expect(performance.now() - start).toBeLessThan(CUT_WITHIN_MS);
    socket.destroy();
    const stream = await session.listen();
    expect((await stream.messages()).length).toBeGreaterThan(0);
    await session.delete();
  }, 40_000);
});

test.if(runs(0, 1) > 0)(
  "the executable cuts all of them off within its minute, and answers others meanwhile",
  async () => {
    using server = new FakeMcp();
    await using serving = await ServeExecutable.start({ a: { url: server.url } });
    const call = await serving.session("a");
    const at = { port: serving.port, within: SHIPPED_WITHIN_MS };
    const ways = slowWays(headOf(serving.port, serving.token));
    const cut = Promise.all(ways.map(([, first, more]) => closing(first, more, at)));
    let isOver = false;
    void cut.finally(() => isOver = true).catch(() => {});
    while (!isOver) {
      expect((await call("tools/list")).result).toBeDefined();
      await Bun.sleep(1_000);
    }
    expect((await cut).map(({ text }) => text)).toEqual(ways.map(() => ""));
  },
  SHIPPED_WITHIN_MS + 20_000,
);

test("a body that is beyond the limit is refused while it comes, whether its length is told or not", async () => {
  const { text } = await closing(`${JSON_HEAD}Content-Length: ${LIMIT * 2}\r\n\r\n`);
  expect(text).toStartWith("HTTP/1.1 413 ");
  const chunk = `${LIMIT.toString(16)}\r\n${" ".repeat(LIMIT)}\r\n`;
  expect((await closing(`${JSON_HEAD}Transfer-Encoding: chunked\r\n\r\n${chunk}${chunk}`)).text)
    .toStartWith("HTTP/1.1 413 ");
});

test("headers that are too large are refused", async () => {
  const { text } = await closing(`${HEAD}X-Large: ${"x".repeat(100_000)}\r\n\r\n`);
  expect(text).toStartWith("HTTP/1.1 431 ");
});
