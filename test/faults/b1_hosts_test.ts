/** Pages that have rebound a name of theirs to this machine, at the callback; the endpoint of `serve` has its own table. */
import { describe, expect, test } from "bun:test";
import { request } from "node:http";
import { type Callback, listenForCallback } from "../../src/auth/callback.ts";
import { freePort } from "../harness/free_port.ts";

const STATE = "a-state-of-43-characters-that-nobody-guesses";
const PATH = "/oauth/callback";

/** By `PORT` the callback's own. */
const HOSTS: readonly [host: string, isOurs: boolean][] = [
  ["127.0.0.1:PORT", true],
  ["127.0.0.1", false],
  ["127.0.0.1:1", false],
  ["localhost:PORT", false],
  ["[::1]:PORT", false],
  ["0.0.0.0:PORT", false],
  ["evil.example", false],
  ["evil.example:PORT", false],
  ["127.0.0.1.evil.example:PORT", false],
  ["127.0.0.1:PORT.evil.example", false],
  ["127.0.0.1:PORT@evil.example", false],
  ["2130706433:PORT", false],
];
/** The page that the browser comes from sends it on without one, or with that of a page without any. */
const ORIGINS: readonly [origin: string | undefined, isOurs: boolean][] = [
  [undefined, true],
  ["null", true],
  ["http://127.0.0.1:PORT", true],
  ["http://127.0.0.1", false],
  ["https://127.0.0.1:PORT", false],
  ["http://evil.example", false],
  ["http://evil.example:PORT", false],
  ["http://127.0.0.1:PORT.evil.example", false],
];

async function statusOf(callback: Callback, host: string, origin: string | undefined): Promise<number> {
  const { port } = new URL(callback.redirectUri);
  const headers = {
    host: host.replace("PORT", port),
    ...(origin === undefined ? {} : { origin: origin.replace("PORT", port) }),
  };
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const asked = request(
    { host: "127.0.0.1", port, path: `${PATH}?code=c&state=${STATE}`, headers, agent: false },
    (answer) => {
      answer.resume();
      resolve(answer.statusCode!);
    },
  );
  asked.on("error", reject).end();
  return await promise;
}

describe("a visit to the callback counts under our address alone, and from no other page (B1)", () => {
  test.each(HOSTS)("host %p", async (host, isOurHost) => {
    for (const [origin, isOurOrigin] of ORIGINS) {
      const callback = await listenForCallback({
        host: "127.0.0.1",
        port: await freePort(),
        ports: 1,
        path: PATH,
        successUrl: undefined,
      });
      callback.expect(STATE);
      let isVisited = false;
      void callback.visit.then(() => isVisited = true);
      callback.conclude();
      const status = await statusOf(callback, host, origin);
      const isOurs = isOurHost && isOurOrigin;
      expect([origin, status, isVisited]).toEqual([origin, isOurs ? 200 : 400, isOurs]);
      await callback.close();
    }
  });
});
