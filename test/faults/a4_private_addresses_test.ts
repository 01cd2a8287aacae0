/** A server on the internet that points into the person's network, in each place where it names an address. */
import { describe, expect, test } from "bun:test";
import { discover } from "../../src/auth/discover.ts";
import { failureOf, METADATA, metadataOf, NEAR, PRM, resourceOf, SERVER, toolsOf } from "../unit/auth/rig.ts";

/** A name that leads to an address is as good as the address. */
const NAMES: readonly string[] = ["10.1.2.3", "127.0.0.1", "169.254.169.254", "fd00::1", "::ffff:192.168.0.1"];

const PLACES: readonly [place: string, pagesWith: (address: string) => Record<string, object>][] = [
  ["resource_metadata", () => ({})],
  ["authorization_servers", (address) => ({ [PRM]: resourceOf({ "authorization_servers": [address] }) })],
  ["token_endpoint", (address) => ({ [PRM]: resourceOf(), [METADATA]: metadataOf({ "token_endpoint": address }) })],
  [
    "registration_endpoint",
    (address) => ({ [PRM]: resourceOf(), [METADATA]: metadataOf({ "registration_endpoint": address }) }),
  ],
];

describe.each(PLACES)("by its %s no server makes us ask", (place, pagesWith) => {
  async function refusedAt(address: string, resolved?: string): Promise<void> {
    const world = toolsOf(pagesWith(address));
    const tools = { ...world, resolve: resolved === undefined ? world.resolve! : resolveTo(resolved) };
    const challenge = { scheme: "bearer", ...(place === "resource_metadata" ? { resourceMetadata: address } : {}) };
    const failure = await failureOf(discover(SERVER, challenge as { scheme: "bearer" }, tools));
    expect([failure.code, failure.hint !== undefined]).toEqual(["unsafe_address", true]);
    expect(world.wire.urls.filter((url) => url !== PRM && url !== METADATA)).toEqual([]);
  }

  function resolveTo(address: string): (name: string) => Promise<string[]> {
    return (name) => Promise.resolve([name === "inside.example" ? address : "93.184.216.34"]);
  }

  test.each(NEAR)("%s", (address) => refusedAt(address));
  test.each(NAMES)("a name that leads to %s", (address) => refusedAt("https://inside.example/", address));
});
