/** A world for `doctor` with a server in it, at an address of the test's or in a world of pages. */
import { isIP } from "node:net";
import type { Target, World } from "../../src/app/doctor/world.ts";
import type { NetworkSettings } from "../../src/app/network.ts";
import type { UpstreamSettings } from "../../src/app/upstream.ts";
import type { Resolve } from "../../src/auth/addresses.ts";
import { type Grant, Records } from "../../src/auth/records.ts";
import type { SignInSettings } from "../../src/auth/settings.ts";
import type { TokenSet } from "../../src/auth/token_endpoint.ts";
import type { Wire } from "../../src/net/gate.ts";
import { type Changes, doctorWorld } from "./doctor_world.ts";
import { doctorTarget } from "./doctor_target.ts";
import type { Json } from "./fake_mcp.ts";
import { type Asked, FakeWire, type Page } from "./fake_wire.ts";

/** What a test says of how its server is spoken to. */
export interface Said extends Partial<Omit<UpstreamSettings, "server" | "signIn" | "network">> {
  readonly server: string | UpstreamSettings["server"];
  readonly network?: Partial<NetworkSettings>;
  readonly signIn?: Partial<SignInSettings>;
  readonly target?: Partial<Target>;
}

/** What the vault holds. */
export interface Kept {
  readonly grant: Grant;
  readonly tokens?: TokenSet;
}

/** A world in which this server is looked at. */
export function serverWorld(stack: AsyncDisposableStack, said: Said, changes: Changes = {}): World {
  const { server, network, signIn, target, ...more } = said;
  const world = doctorWorld(stack, changes);
  const usual = doctorTarget(typeof server === "string" ? new URL(server) : server);
  const settings: UpstreamSettings = {
    ...usual.settings,
    ...more,
    state: world.state,
    network: { ...usual.settings.network, ...network },
    signIn: { ...usual.settings.signIn, ...signIn },
  };
  return { ...world, target: { ...usual, settings, ...target } };
}

/** A world of pages, by address; `kept` is what the vault holds. */
export async function pagesWorld(
  stack: AsyncDisposableStack,
  pages: Record<string, Page>,
  said: Said,
  kept?: Kept,
  changes: Changes = {},
): Promise<World> {
  const wire: Wire = Object.assign(new FakeWire(pages), {
    connect: () => Promise.reject(new Error("There is no WebSocket in a world of pages")),
  });
  const world = serverWorld(stack, said, { ...changes, doors: { network: { wire: () => wire, resolve: inTheWorld } } });
  if (kept !== undefined) await keep(world, kept);
  return world;
}

/** Every name leads into the world, and nobody is asked about it. */
const inTheWorld: Resolve = (name) => Promise.resolve([isIP(name) > 0 ? name : "93.184.216.34"]);

async function keep(world: World, { grant, tokens }: Kept): Promise<void> {
  const { server, account } = world.target!.settings;
  const records = new Records(world.vault(), { server: (server as URL).href, account });
  await records.save(grant, tokens ?? { accessToken: "gone", tokenType: "Bearer", receivedAt: 0 });
}

/** A page that answers a POST by what `answer` says to its message. */
export function answering(answer: (message: Json, asked: Asked) => object | number | Response): Page {
  return (asked) => asked.method === "POST" ? answer(JSON.parse(asked.body) as Json, asked) : 405;
}

/** Serves on loopback until the stack is disposed; gives the address of the endpoint. */
export function serving(
  stack: AsyncDisposableStack,
  fetch: (request: Request) => Response | Promise<Response>,
  tls?: Bun.TLSOptions,
): string {
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 0,
    development: false,
    ...(tls === undefined ? {} : { tls }),
    fetch,
  });
  stack.defer(() => void server.stop(true));
  return `${tls === undefined ? "http" : "https"}://127.0.0.1:${server.port}/mcp`;
}
