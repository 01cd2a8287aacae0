import { chmodSync, mkdirSync } from "node:fs";
import { createServer } from "node:net";
import { placeOfSocket } from "../../../../src/app/meeting_point.ts";
import type { World } from "../../../../src/app/doctor/world.ts";
import { doctorWorld } from "../../../harness/doctor_world.ts";
import type { FailingWorld } from "./failing_world.ts";
import { changed, stateIn } from "./worlds.ts";

type Stack = AsyncDisposableStack;

/** A world in which somebody listens where `serve` is met, and answers with `answer`. */
function withServe(answer: string | undefined): FailingWorld["world"] {
  return async (stack) => {
    const world = doctorWorld(stack);
    stateIn(world);
    const server = createServer((socket) => {
      socket.on("data", () => answer === undefined ? undefined : socket.write(`${answer}\n`));
      socket.on("error", () => {});
      stack.defer(() => void socket.destroy());
    });
    const { path } = placeOfSocket(world.state.surroundings);
    await new Promise<void>((resolve) => server.listen(path, resolve));
    chmodSync(path, 0o600);
    stack.defer(() => void server.close());
    return world;
  };
}

/** Worlds that differ in the rest of the machine. */
export const MACHINE_WORLDS: readonly FailingWorld[] = [
  {
    code: "environment",
    fault: "lets_others_in",
    name: "BUN_OPTIONS preloads a script",
    world: changed({ env: { BUN_OPTIONS: "--preload ./evil.ts" } }),
  },
  {
    code: "environment",
    fault: "lets_others_in",
    name: "a library is preloaded",
    world: changed({ env: { LD_PRELOAD: "/tmp/evil.so" } }),
  },
  {
    code: "environment",
    fault: "reveals_tokens",
    name: "requests are printed with their tokens",
    world: changed({ env: { BUN_CONFIG_VERBOSE_FETCH: "curl" } }),
  },
  {
    code: "environment",
    fault: "keys_written",
    name: "keys of connections are written down",
    world: changed({ env: { SSLKEYLOGFILE: "/tmp/keys" } }),
  },
  {
    code: "environment",
    fault: "unchecked_certificates",
    name: "any certificate is to be trusted",
    world: changed({ env: { NODE_TLS_REJECT_UNAUTHORIZED: "0" } }),
  },
  {
    code: "proxy",
    fault: "contradictory",
    name: "small letters and capitals differ",
    world: changed({ env: { https_proxy: "http://a.invalid:1", HTTPS_PROXY: "http://b.invalid:1" } }),
  },
  {
    code: "proxy",
    fault: "bad_address",
    name: "a SOCKS proxy is named",
    world: changed({ env: { HTTPS_PROXY: "socks5://proxy.invalid:1080" } }),
  },
  {
    code: "proxy",
    fault: "one_sided",
    name: "plain http alone goes by a proxy",
    world: changed({ env: { HTTP_PROXY: "http://proxy.invalid:3128" } }),
  },
  {
    code: "proxy",
    fault: "all_excepted",
    name: "NO_PROXY is a star",
    world: changed({ env: { HTTPS_PROXY: "http://proxy.invalid:3128", NO_PROXY: "*" } }),
  },
  {
    code: "loopback",
    fault: "refused",
    name: "a sandbox lets nobody listen",
    world: changed({ doors: { tryPort: () => Promise.resolve("EPERM") } }),
  },
  {
    code: "browser",
    fault: "bad_variable",
    name: "BROWSER names what is not there",
    world: changed({ env: { BROWSER: "netscape" }, doors: { which: () => undefined } }),
  },
  {
    code: "browser",
    fault: "ssh",
    name: "the session is remote",
    world: changed({
      platform: "linux",
      env: { BROWSER: "", DISPLAY: "", SSH_CONNECTION: "192.0.2.1 1 192.0.2.2 22" },
    }),
  },
  {
    code: "browser",
    fault: "no_display",
    name: "there is no screen",
    world: changed({ platform: "linux", env: { BROWSER: "", DISPLAY: "" } }),
  },
  {
    code: "browser",
    fault: "no_opener",
    name: "nothing opens pages",
    world: changed({ platform: "linux", env: { BROWSER: "" }, doors: { which: () => undefined } }),
  },
  {
    code: "serve",
    fault: "unsafe_file",
    name: "a folder stands where it is met",
    world(stack: Stack): World {
      const world = doctorWorld(stack);
      stateIn(world);
      mkdirSync(placeOfSocket(world.state.surroundings).path);
      return world;
    },
  },
  {
    code: "serve",
    fault: "other_version",
    name: "it is of another version",
    world: withServe('{"refused":"no","version":"99.0.0"}'),
  },
  { code: "serve", fault: "no_answer", name: "it answers nothing", world: withServe(undefined) },
];
