import { expect, test } from "bun:test";
import { createServer } from "node:net";
import { isByOtherUser } from "../../../../src/serve/guard/other_user.ts";
import { usersOfPeer } from "../../../../src/platform/tcp_peer.ts";

const REQUEST = new Request("http://127.0.0.1:7319/open");
const CONNECTIONS = { requestIP: (): { port: number } => ({ port: 0xabcd }) };
const HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";

function row(local: string, remote: string, uid: number): string {
  return `   0: ${local} ${remote} 01 00000000:00000000 00:00000000 00000000  ${uid}        0 1 1 0 20 4 30 10 -1\n`;
}

/** A browser of the user `uid` that is connected to port 7319, beside other connections. */
function table(uid: number): string {
  return HEAD + row("0100007F:1C97", "0100007F:ABCD", 1_000) + row("0100007F:ABCD", "0100007F:1C97", uid) +
    row("0100007F:ABCD", "0100007F:0050", 7);
}

const read = (tcp: string, tcp6 = HEAD) => (name: string): Promise<string> =>
  Promise.resolve(name === "tcp" ? tcp : tcp6);

test.each([
  ["another user", table(1_001), true],
  ["our own user", table(1_000), false],
  ["the system's user", table(0), false],
  ["somebody on another machine", HEAD, false],
  ["nobody knows whom", "", false],
])("a request of %s", async (_who, tcp, isOthers) => {
  const rule = { platform: "linux", uid: 1_000, read: read(tcp) } as const;
  expect(await isByOtherUser(REQUEST, CONNECTIONS, 7_319, rule)).toBe(isOthers);
});

test("a browser that speaks IPv6, or IPv4 in its words, is found as well", async () => {
  const mapped = "0000000000000000FFFF00000100007F";
  const rule = {
    platform: "linux",
    uid: 1_000,
    read: read(HEAD, HEAD + row(`${mapped}:ABCD`, `${mapped}:1C97`, 1_001)),
  } as const;
  expect(await isByOtherUser(REQUEST, CONNECTIONS, 7_319, rule)).toBe(true);
});

test.each(
  [
    ["where the system does not tell", "darwin", CONNECTIONS],
    ["whose connection has ended", "linux", { requestIP: (): null => null }],
    ["without a listener", "linux", undefined],
  ] as const,
)("a request %s is taken for our user's", async (_which, platform, connections) => {
  const rule = { platform, uid: 1_000, read: read(table(1_001)) };
  expect(await isByOtherUser(REQUEST, connections, 7_319, rule)).toBe(false);
});

test.if(process.platform === "linux")("this machine tells who is connected to a port of its own", async () => {
  await using server = createServer();
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const { port: to } = server.address() as { port: number };
  using socket = await Bun.connect({ hostname: "127.0.0.1", port: to, socket: { data(): void {} } });
  expect(await usersOfPeer({ port: socket.localPort, to })).toEqual([process.getuid!()]);
});
