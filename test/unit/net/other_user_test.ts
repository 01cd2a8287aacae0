import { expect, test } from "bun:test";
import { createServer } from "node:net";
import { isByOtherUser } from "../../../src/net/other_user.ts";
import { usersOfPeer } from "../../../src/platform/tcp_peer.ts";

const REQUEST = new Request("http://127.0.0.1:7319/open");
const from = (address: string): { requestIP(): { address: string; port: number } } => ({
  requestIP: () => ({ address, port: 0xabcd }),
});
const CONNECTIONS = from("127.0.0.1");
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
])("a request of %s", async (_who, tcp, isOthers) => {
  const rule = { platform: "linux", uid: 1_000, read: read(tcp) } as const;
  expect(await isByOtherUser(REQUEST, CONNECTIONS, 7_319, rule)).toBe(isOthers);
});

test("a request is taken for our user's where the tables cannot be read", async () => {
  const rule = { platform: "linux", uid: 1_000, read: read("", "") } as const;
  expect(await isByOtherUser(REQUEST, CONNECTIONS, 7_319, rule)).toBe(false);
});

test("a request of somebody on another machine is nobody's here", async () => {
  const rule = { platform: "linux", uid: 1_000, read: read(HEAD) } as const;
  for (const address of ["192.168.0.7", "2001:db8::7"]) {
    expect(await isByOtherUser(REQUEST, from(address), 7_319, rule)).toBe(false);
  }
});

test("who hangs up within this machine, so that nobody can tell, is taken for another user", async () => {
  // The system has such connections as its own user's, and of no process.
  const left = HEAD + row("0100007F:ABCD", "0100007F:1C97", 0).replace(" 1 1 0 20", " 0 1 0 20");
  for (const tcp of [HEAD, left]) {
    for (const address of ["127.0.0.1", "::1", "::ffff:127.0.0.1"]) {
      const rule = { platform: "linux", uid: 1_000, read: read(tcp) } as const;
      expect(await isByOtherUser(REQUEST, from(address), 7_319, rule)).toBe(true);
    }
  }
  const ended = { requestIP: (): null => null };
  const rule = { platform: "linux", uid: 1_000, read: read(table(1_000)) } as const;
  expect(await isByOtherUser(REQUEST, ended, 7_319, rule)).toBe(true);
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
