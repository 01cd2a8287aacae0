import { connectSeveral } from "../app/connect_several.ts";
import type { ConnectWorld } from "../app/on_stdio.ts";
import type { UpstreamSettings } from "../app/upstream.ts";
import { BridgeError } from "../platform/errors.ts";
import { VERSION } from "../platform/version.ts";
import { registryFile } from "../registry/file.ts";
import { readRegistry } from "../registry/registry.ts";
import { isAddress, readChoices, readMebibytes } from "./arguments.ts";
import type { FlagValues, Words } from "./command.ts";
import type { CONNECT_FLAGS } from "./connect.ts";
import { FOR_ONE, refuseForSeveral } from "./for_one.ts";
import { findNamed, type NamedServer, withReferences } from "./named_server.ts";
import { readState } from "./state_flags.ts";
import { CURES } from "../bridge/client_cures.ts";

type Said = Words<typeof CONNECT_FLAGS>;

/**
 * `mcp-bridge connect <name> <name> ...` and `--all`: several servers of servers.json behind one stdio end. `read` gives
 * how one of them is spoken to.
 *
 * @throws {BridgeError} `bad_argument`, `unknown_name`, `bad_registry`, `missing_reference`
 */
export async function connectNames(
  said: Said,
  world: ConnectWorld,
  read: (said: Said, named: NamedServer<FlagValues<typeof CONNECT_FLAGS>>) => Promise<UpstreamSettings>,
): Promise<number> {
  const { flags, words } = said;
  refuseForSeveral(words, FOR_ONE, "write it into servers.json");
  const servers = await Promise.all((await namesOf(said)).map(async (name) => {
    const one = { ...said, operands: [name] };
    const named = await findNamed(name, one, process.env, flags["allow-http"]);
    if (named === undefined) throw notAName(name);
    return { slug: named.entry.slug, settings: await read(one, await withReferences(named, process.env)) };
  }));
  return await connectSeveral({
    servers,
    cures: readChoices("--cures", flags.cures, ["auto", ...CURES]),
    maxMessage: readMebibytes("--max-message", flags["max-message"]),
    state: readState(flags, process.env),
    serverInfo: { name: "mcp-bridge", version: VERSION },
  }, world);
}

async function namesOf({ flags, operands, program }: Said): Promise<readonly string[]> {
  const address = operands.find((word) => isAddress(word));
  if (address !== undefined) throw notAName(address);
  if (!flags.all) return operands;
  const extra = operands[0] ?? program[0];
  if (extra !== undefined) {
    throw new BridgeError("bad_argument", `"--all" and ${JSON.stringify(extra)} do not go together`, {
      hint: "leave one of them out",
    });
  }
  const file = registryFile({ platform: process.platform, env: process.env });
  const { servers } = await readRegistry(file, { allowHttp: flags["allow-http"] });
  const names = [...servers.values()].filter(({ disabled }) => !disabled).map(({ slug }) => slug);
  if (names.length > 0) return names;
  throw new BridgeError("bad_argument", "there is no server in servers.json", { hint: 'see "mcp-bridge add"' });
}

function notAName(word: string): BridgeError {
  return new BridgeError("bad_argument", `several servers go by their names, and ${JSON.stringify(word)} is none`, {
    hint: 'give it a name with "mcp-bridge add NAME URL"',
  });
}
