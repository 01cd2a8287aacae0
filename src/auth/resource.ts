import type { Discovery } from "./discover.ts";
import { quirksOf } from "./quirks.ts";
import type { SignInSettings } from "./settings.ts";

/**
 * What tokens are for (RFC 8707), named in every request for one: by the person's word, or as discovered; nothing where
 * the person says so, or the authorization server is known to refuse it.
 */
export function resourceFor(discovery: Discovery, { resource }: Pick<SignInSettings, "resource">): string | undefined {
  if (resource !== undefined) return resource.kind === "given" ? resource.uri : undefined;
  return quirksOf(discovery.metadata.issuer).noResource ? undefined : discovery.resource;
}

/**
 * The resource that a server is where it publishes none (MCP, canonical server URI): without fragment, and without a
 * slash that says nothing.
 */
export function canonicalResource(server: URL): string {
  const { origin, pathname, search } = server;
  return `${origin}${pathname === "/" ? "" : pathname}${search}`;
}
