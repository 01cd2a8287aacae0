import { holdsCredential } from "../net/header_rules.ts";
import { systemClock } from "../platform/clock.ts";
import { BridgeError } from "../platform/errors.ts";
import { systemKeychain } from "../platform/keychain.ts";
import { askSecret } from "../platform/terminal.ts";
import { addServer, checkServer } from "../registry/edit.ts";
import { registryFile } from "../registry/file.ts";
import { isLiteral } from "../registry/mask.ts";
import { slugOf } from "../registry/names.ts";
import type { WrittenEntry } from "../registry/schema.ts";
import { keepSecrets, secretReference } from "../registry/secrets.ts";
import type { Command, Flags } from "./command.ts";
import { ENTRY_FLAGS, readWritten } from "./entry_flags.ts";
import { printLine } from "./print.ts";
import { whileWaiting } from "./waiting.ts";

const FLAGS = {
  "replace": { type: "boolean", text: "put it in the place of the server of that name" },
  ...ENTRY_FLAGS,
} as const satisfies Flags;

/** `mcp-bridge add`: puts a server into servers.json. */
export const addCommand: Command<typeof FLAGS> = {
  name: "add",
  summary: 'Adds a server to servers.json by a name of your own, so that "mcp-bridge NAME" connects to it.',
  operands: [
    { name: "name", text: "what to call it: letters, digits and dashes" },
    { name: "url", text: "the server, such as https://mcp.example.com/mcp" },
  ],
  program: { name: "command", text: "a program on this machine in place of an address", behind: 1 },
  flags: FLAGS,
  examples: [
    "mcp-bridge add linear https://mcp.linear.app/mcp",
    "mcp-bridge add search https://search.example.com/mcp --secret-header X-Api-Key",
    "mcp-bridge add files -- npx -y @modelcontextprotocol/server-filesystem /srv",
  ],
  async run({ operands: [label, url], program, flags }): Promise<number> {
    const { replace, "secret-header": secretHeaders, "secret-env": secretVariables } = flags;
    const file = registryFile({ platform: process.platform, env: process.env });
    const slug = slugOf(label!);
    const written = readWritten(
      program.length > 0 ? program : url!,
      flags,
      (name) => secretReference(slug, name),
    );
    const server = { label: label!, written, replace };
    // Nobody is asked for a secret that has no place to go.
    await checkServer(file, server);
    const secrets = new Map<string, string>();
    for (const name of [...secretHeaders, ...secretVariables]) {
      secrets.set(secretReference(slug, name), await readSecret(label!, name));
    }
    await whileWaiting("waiting for the keychain", () => keepSecrets(secrets, systemKeychain()));
    await addServer(file, server, systemClock);
    printLine(`${JSON.stringify(slug)} is in ${JSON.stringify(file)}: "mcp-bridge ${slug}" connects to it`);
    adviseOn(written);
    return 0;
  },
};

async function readSecret(label: string, name: string): Promise<string> {
  const secret = await askSecret(`${name} of ${label}: `);
  if (secret !== undefined && secret !== "") return secret;
  throw new BridgeError(
    "bad_argument",
    secret === "" ? `nothing was typed for "${name}"` : `there is no terminal to ask for "${name}"`,
    { hint: "set a variable of the environment, and write ${VAR} for the value" },
  );
}

function adviseOn({ headers = {}, env = {} }: WrittenEntry): void {
  for (const [flag, values] of [["header", headers], ["env", env]] as const) {
    for (const [name, value] of Object.entries(values)) {
      if (!holdsCredential(name) || !isLiteral(value)) continue;
      printLine(
        `the value of "${name}" stands in the file as it is: "--secret-${flag} ${name}" keeps it in the keychain`,
      );
    }
  }
}
