import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { chmodSync, mkdtempSync, realpathSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  connectLocally,
  listenLocally,
  type LocalListener,
  type LocalSocket,
} from "../../../src/platform/local_socket.ts";
import { peerUserOf } from "../../../src/platform/peer_user.ts";
import { checkSocket, socketPlace } from "../../../src/platform/socket_place.ts";
import { failure } from "../../harness/vault_place.ts";

const onUnix = describe.skipIf(process.platform === "win32");
const surroundings = (home: string): Parameters<typeof socketPlace>[1] => ({
  platform: "linux",
  env: { MCP_BRIDGE_HOME: home },
});

describe("the place of a socket", () => {
  test("is the folder of our state", () => {
    expect(socketPlace("s", surroundings("/home/ann/state"), 1_000)).toEqual({
      folder: "/home/ann/state",
      path: "/home/ann/state/s",
    });
  });

  test("is a folder of the user's in /tmp where the path is too long for a socket, another for each state", () => {
    const [one, same, other] = ["a", "a", "b"].map((sign) => socketPlace("s", surroundings(`/${sign.repeat(100)}`), 7));
    expect(one!.folder).toBe("/tmp/mcp-bridge-7");
    expect(one!.path).toStartWith("/tmp/mcp-bridge-7/");
    expect(Buffer.byteLength(one!.path)).toBeLessThanOrEqual(100);
    expect(same).toEqual(one!);
    expect(other!.path).not.toBe(one!.path);
  });

  test("counts bytes, not letters", () => {
    expect(socketPlace("s", surroundings(`/${"é".repeat(60)}`), 7).folder).toBe("/tmp/mcp-bridge-7");
  });
});

onUnix("a socket", () => {
  let folder: string;
  let path: string;
  let listener: LocalListener | undefined;

  beforeEach(() => {
    folder = mkdtempSync(join(realpathSync(tmpdir()), "mcp-bridge-socket-"));
    path = join(folder, "s");
  });
  afterEach(() => {
    listener?.stop();
    listener = undefined;
    rmSync(folder, { recursive: true });
  });

  /** Both sides of a connection. */
  async function pair(): Promise<[LocalSocket, LocalSocket]> {
    const accepted = Promise.withResolvers<LocalSocket>();
    listener = listenLocally(path, accepted.resolve);
    return [await connectLocally(path), await accepted.promise];
  }

  test("is there once somebody listens, and only the user may enter its folder", async () => {
    expect(await checkSocket({ folder, path })).toBe(false);
    listener = listenLocally(path, () => {});
    chmodSync(folder, 0o755);
    expect(await checkSocket({ folder, path })).toBe(true);
    expect(statSync(folder).mode & 0o077).toBe(0);
  });

  test.each<[string, () => void]>([
    ["a file", () => writeFileSync(path, "")],
    ["a link", () => symlinkSync("/nowhere", path)],
  ])("is none where %s stands in its place", async (_what, put) => {
    put();
    expect((await failure(checkSocket({ folder, path }))).code).toBe("unsafe_file");
  });

  test("of another user is refused", async () => {
    listener = listenLocally(path, () => {});
    const machine = { platform: process.platform, uid: process.getuid!() + 1 };
    expect((await failure(checkSocket({ folder, path }, machine))).code).toBe("unsafe_file");
  });

  test("tells who is on the other side, where the system does", async () => {
    const [here, there] = await pair();
    expect(await there.peerUser()).toBe(process.getuid!());
    expect(await peerUserOf(-1)).toBeUndefined();
    expect(await peerUserOf(0, "freebsd")).toBeUndefined();
    here.end();
  });

  test("carries bytes in their order, however slowly they are read, and holds little of them", async () => {
    const [here, there] = await pair();
    const sent = crypto.getRandomValues(new Uint8Array(60_000));
    const rounds = 100;
    let isBehind = false;
    const writing = (async () => {
      for (let round = 0; round < rounds; round++) {
        const wait = here.write(sent.subarray());
        isBehind ||= wait instanceof Promise;
        await wait;
      }
      await here.flush();
      here.end();
    })();
    const chunks: Uint8Array[] = [];
    for await (const chunk of there.input) {
      chunks.push(chunk);
      if (chunks.length % 20 === 0) await Bun.sleep(1);
    }
    await writing;
    const got = Buffer.concat(chunks);
    expect(got.length).toBe(rounds * sent.length);
    expect(Bun.hash(got)).toBe(Bun.hash(Buffer.concat(Array.from({ length: rounds }, () => sent))));
    expect(isBehind).toBe(true);
  });

  test("takes bytes that are used for something else right after", async () => {
    const [here, there] = await pair();
    const bytes = new Uint8Array(1_000_000).fill(1);
    const wait = here.write(bytes);
    bytes.fill(2);
    let got = 0;
    for await (const chunk of there.input) {
      expect(chunk.every((byte) => byte === 1)).toBe(true);
      got += chunk.length;
      if (got === bytes.length) break;
    }
    await wait;
  });

  test("that the other side has ended takes nothing, and what waits for it is told", async () => {
    const [here, there] = await pair();
    const wait = Promise.resolve(here.write(new Uint8Array(2_000_000)));
    there.end();
    expect((await failure(wait)).code).toBe("closing");
    for await (const _ of here.input) expect.unreachable();
    expect(() => here.write(new Uint8Array(1))).toThrow("ended the connection");
  });
});
