import type { HttpWire } from "../net/gate.ts";
import type { Clock } from "../platform/clock.ts";
import { BridgeError } from "../platform/errors.ts";

/** The official registry of MCP servers. */
export const OFFICIAL_REGISTRY = "https://registry.modelcontextprotocol.io";

/** A server that a registry knows. All texts are foreign. */
export interface Listing {
  /** Such as `com.example/weather`. */
  readonly name: string;
  readonly title: string | undefined;
  readonly description: string;
  readonly version: string | undefined;
  readonly remotes: readonly Remote[];
  readonly packages: readonly Package[];
}

/** An address of a server; it may hold names in braces that stand for something of the person's own. */
export interface Remote {
  readonly type: string;
  readonly url: string;
  readonly headers: readonly Input[];
}

/** A server as a program to be fetched. */
export interface Package {
  /** `npm`, `pypi`, `oci`, ... */
  readonly kind: string;
  readonly identifier: string;
  readonly version: string | undefined;
  /** How it is spoken to: `stdio` where we can start it. */
  readonly transport: string;
  readonly variables: readonly Input[];
  /** Whether it wants arguments of the person's own. */
  readonly wantsArguments: boolean;
}

/** Something that a server wants to be given. */
export interface Input {
  readonly name: string;
  /** What it is made of, with names in braces for what is the person's own. */
  readonly value: string | undefined;
  readonly isSecret: boolean;
  readonly isRequired: boolean;
}

/** What was found, and whether there is more. */
export interface Findings {
  readonly listings: readonly Listing[];
  readonly hasMore: boolean;
}

/** What a search needs. */
export interface SearchParts {
  /** The address of a registry with the official one's API. */
  readonly registry: URL;
  readonly wire: HttpWire;
  readonly clock: Clock;
}

/** As long as an answer may be, in bytes. */
const LARGEST = 4 * 1_048_576;

/** As long as an answer may take, its body too, in ms. */
const LONGEST_MS = 20_000;

/**
 * Asks a registry for servers whose names hold `words`, `limit` at most: the latest version of each.
 *
 * @throws {BridgeError} as the gate does; `timed_out`, `too_large`, `http_status`, `bad_answer`
 */
export async function searchCatalogue(words: string, limit: number, parts: SearchParts): Promise<Findings> {
  const { registry, wire, clock } = parts;
  const folder = registry.href.endsWith("/") ? registry.href : `${registry.href}/`;
  const url = new URL("v0/servers", folder);
  url.search = String(new URLSearchParams({ search: words, version: "latest", limit: String(limit) }));
  const abort = new AbortController();
  const timer = clock.after(LONGEST_MS, () => {
    abort.abort(
      new BridgeError("timed_out", `${url.host} has not answered within ${LONGEST_MS / 1_000} s`, {
        hint: "try again later",
      }),
    );
  });
  try {
    const answer = await wire.fetch({
      url,
      method: "GET",
      headers: new Headers({ accept: "application/json" }),
      abort,
    });
    if (answer.status !== 200) {
      answer.body.discard();
      throw new BridgeError("http_status", `${url.host} answers ${answer.status} to a search`, { hint: CHECK });
    }
    return await readFindings(await answer.body.bytes(LARGEST), url.host, limit);
  } catch (thrown) {
    throw abort.signal.aborted ? abort.signal.reason : thrown;
  } finally {
    timer.cancel();
  }
}

const CHECK = 'try again later, or check "--registry"';

/** Judges an answer; what does not look like a server is left out. */
async function readFindings(bytes: Uint8Array, host: string, limit: number): Promise<Findings> {
  const { array, boolean, nullish, object, optional, string, unknown } = await import("zod/mini");
  const text = nullish(string());
  const input = object({ name: string(), value: text, isSecret: nullish(boolean()), isRequired: nullish(boolean()) });
  const remote = object({ type: string(), url: string(), headers: nullish(array(input)) });
  const program = object({
    registryType: string(),
    identifier: string(),
    version: text,
    transport: nullish(object({ type: string() })),
    environmentVariables: nullish(array(input)),
    packageArguments: nullish(array(unknown())),
  });
  const server = object({
    name: string(),
    title: text,
    description: text,
    version: text,
    remotes: nullish(array(unknown())),
    packages: nullish(array(unknown())),
  });
  const page = object({
    servers: nullish(array(object({ server: optional(unknown()) }))),
    metadata: nullish(object({ nextCursor: text })),
  });
  const judged = page.safeParse(jsonIn(bytes));
  if (!judged.success) {
    throw new BridgeError("bad_answer", `${host} answers a search with something else than a list of servers`, {
      hint: CHECK,
    });
  }
  const { servers, metadata } = judged.data;
  const listings: Listing[] = [];
  for (const found of (servers ?? []).slice(0, limit)) {
    const listing = server.safeParse(found.server);
    if (!listing.success) continue;
    const { name, title, description, version, remotes, packages } = listing.data;
    listings.push({
      name,
      title: title ?? undefined,
      description: description ?? "",
      version: version ?? undefined,
      remotes: good(remote, remotes).map(({ type, url, headers }) => ({ type, url, headers: inputs(headers) })),
      packages: good(program, packages).map((one) => ({
        kind: one.registryType,
        identifier: one.identifier,
        version: one.version ?? undefined,
        transport: one.transport?.type ?? "stdio",
        variables: inputs(one.environmentVariables),
        wantsArguments: (one.packageArguments ?? []).length > 0,
      })),
    });
  }
  return { listings, hasMore: Boolean(metadata?.nextCursor) };
}

/** The part of a schema that judges. */
interface Judge<T> {
  safeParse(value: unknown): { success: true; data: T } | { success: false };
}

function good<T>(schema: Judge<T>, values: readonly unknown[] | null | undefined): T[] {
  return (values ?? []).flatMap((value) => {
    const judged = schema.safeParse(value);
    return judged.success ? [judged.data] : [];
  });
}

interface RawInput {
  readonly name: string;
  readonly value?: string | null | undefined;
  readonly isSecret?: boolean | null | undefined;
  readonly isRequired?: boolean | null | undefined;
}

function inputs(raw: readonly RawInput[] | null | undefined): Input[] {
  return (raw ?? []).map(({ name, value, isSecret, isRequired }) => ({
    name,
    value: value ?? undefined,
    isSecret: isSecret === true,
    isRequired: isRequired === true,
  }));
}

function jsonIn(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}
