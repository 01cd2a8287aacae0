/** Every example of mcp-remote's manual, as an entry of a client: what `import` makes of it, and what the client then runs. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parse } from "jsonc-parser";
import { outcomeOf } from "../harness/executable.ts";
import { Home } from "../harness/home.ts";

const MANUAL = join(import.meta.dir, "../../node_modules/mcp-remote/README.md");

interface Example {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** The entries of clients that the manual shows, and the lines for a shell. */
function examples(): Example[] {
  const manual = readFileSync(MANUAL, "utf8");
  return [...manual.matchAll(/^ *```(json|jsonc|bash|shell)\n([\s\S]*?)^ *```/gm)].flatMap(([, kind, text]) => {
    if (!kind!.startsWith("json")) {
      const lines = text!.replaceAll(/\\\n\s*/g, "").split("\n").filter((line) => line.startsWith("npx "));
      return lines.map((line) => ({ command: "sh", args: ["-c", line] }));
    }
    return entriesIn(parse(/^\s*\{/.test(text!) ? text! : `{${text}}`, [], { allowTrailingComma: true }));
  });
}

function entriesIn(value: unknown): Example[] {
  if (typeof value !== "object" || value === null) return [];
  if ("args" in value) return [{ command: "npx", ...value } as unknown as Example];
  return Object.values(value).flatMap(entriesIn);
}

/** An example by its words, without the address, and the variables beside them. */
function wordsOf({ args, env = {} }: Example): string {
  const words = args.join(" ").replace(/^-c npx /, "").replace(/https?:\/\/\S+/, "URL");
  return [words, ...Object.keys(env).filter((name) => !words.includes(name)).map((name) => `${name}=`)].join(" ");
}

let home: Home;
beforeEach(() => {
  home = new Home();
});
afterEach(() => home[Symbol.dispose]());

/** What `import` makes of an example: the server without its address, and the words of the client behind its name. */
async function imported(example: Example): Promise<{ server?: unknown; words?: string[]; reason?: string }> {
  const named = join(home.folder, "named");
  writeFileSync(named, '{"client_id":"named"}');
  const text = JSON.stringify({ mcpServers: { one: example } });
  const file = join(home.folder, ".cursor/mcp.json");
  mkdirSync(dirname(file));
  // The files that examples name are not there.
  writeFileSync(file, text.replace("/path/to/headers.txt", named).replace(/@\/Users[^"']*\.json/, `@${named}`));
  const { stdout } = await outcomeOf({ env: home.env }, "import", "--yes", "--offline", "--rewrite", "--json");
  const { leftOut } = JSON.parse(stdout);
  if (leftOut.length > 0) return { reason: leftOut[0].reason };
  const { one } = JSON.parse(readFileSync(join(home.env["MCP_BRIDGE_HOME"]!, "servers.json"), "utf8")).mcpServers;
  const { url, ...server } = one;
  expect(url).toMatch(/^https?:/);
  const { args } = JSON.parse(readFileSync(file, "utf8")).mcpServers.one;
  expect(args[0]).toBe("one");
  return { server, words: args.slice(1).map((word: string) => word.replace(named, "FILE")) };
}

/** What each comes to: the server, and what goes behind its name; or why it is left as it is. */
const EXAMPLES: Readonly<Record<string, { server?: object; words?: string[]; reason?: string }>> = {
  "mcp-remote URL": { "server": {}, "words": [] },
  "mcp-remote URL --header Authorization: Bearer ${AUTH_TOKEN}": {
    "server": { "headers": { "authorization": "Bearer ${AUTH_TOKEN}" } },
    "words": [],
  },
  "mcp-remote URL --header Authorization:${AUTH_HEADER}": {
    "server": { "headers": { "authorization": "${AUTH_HEADER}" } },
    "words": [],
  },
  "mcp-remote URL --header-file /path/to/headers.txt": { "server": {}, "words": ["--header-file", "FILE"] },
  "mcp-remote URL --resource https://tenant1.atlassian.net/": {
    "server": { "oauth": { "resource": "https://tenant1.atlassian.net/" } },
    "words": [],
  },
  "mcp-remote URL --resource https://tenant2.atlassian.net/": {
    "server": { "oauth": { "resource": "https://tenant2.atlassian.net/" } },
    "words": [],
  },
  "mcp-remote URL --authorize-param access_type=offline --authorize-param prompt=consent": {
    "server": { "oauth": { "authorizeParams": { "access_type": "offline", "prompt": "consent" } } },
    "words": [],
  },
  "mcp-remote URL --disable-resource-parameter": { "server": { "oauth": { "resource": "" } }, "words": [] },
  "-y mcp-remote URL": { "server": {}, "words": [] },
  "mcp-remote@latest URL": { "server": {}, "words": [] },
  "mcp-remote URL 9696": { "server": { "oauth": { "callbackPort": 9696, "callbackHost": "localhost" } }, "words": [] },
  "mcp-remote URL --host 127.0.0.1": { "server": { "oauth": { "callbackHost": "127.0.0.1" } }, "words": [] },
  "mcp-remote URL --callback-path /custom/callback": {
    "server": { "oauth": { "callbackPath": "/custom/callback" } },
    "words": [],
  },
  "mcp-remote URL --auth-success-url https://app.example.com/cli-connected": {
    "server": {},
    "words": ["--auth-success-url", "https://app.example.com/cli-connected"],
  },
  "mcp-remote URL --allow-http": { "server": { "allowHttp": true }, "words": [] },
  "mcp-remote URL --debug": { "server": {}, "words": ["--debug"] },
  "mcp-remote URL --silent": { "server": {}, "words": ["--silent"] },
  "mcp-remote URL --enable-proxy HTTPS_PROXY= NO_PROXY=": { "server": {}, "words": ["--no-attach"] },
  "mcp-remote URL NODE_EXTRA_CA_CERTS=": { "server": {}, "words": ["--no-attach"] },
  "mcp-remote URL --ignore-tool delete* --ignore-tool remove*": {
    "server": { "tools": { "deny": ["delete*", "remove*"] } },
    "words": [],
  },
  "mcp-remote URL --auth-timeout 60": { "server": {}, "words": ["--auth-timeout", "60"] },
  "mcp-remote URL --connect-timeout 30 --body-timeout 0": {
    "server": { "timeouts": { "connect": 30, "body": 0 } },
    "words": [],
  },
  "mcp-remote URL --keep-alive --ping-interval 60": { "server": { "keepAlive": 60 }, "words": [] },
  "mcp-remote URL --ipv4": { "server": { "ipv4": true }, "words": [] },
  "mcp-remote URL --transport sse-only": { "server": { "transport": "sse-only" }, "words": [] },
  "mcp-remote URL --protocol auto": { "server": { "protocol": "auto" }, "words": [] },
  [`mcp-remote URL --static-oauth-client-metadata '{ "scope": "space separated scopes" }'`]: {
    "server": { "oauth": { "scope": "space separated scopes" } },
    "words": [],
  },
  "mcp-remote URL --static-oauth-client-metadata '@/Users/username/Library/Application Support/Claude/oauth_client_metadata.json'":
    { "server": {}, "words": ["--static-oauth-client-metadata", "@FILE"] },
  [`mcp-remote URL --static-oauth-client-metadata '{ "token_endpoint_auth_method": "client_secret_post" }'`]: {
    "server": {},
    "words": ["--static-oauth-client-metadata", '{ "token_endpoint_auth_method": "client_secret_post" }'],
  },
  'mcp-remote URL --static-oauth-client-info "{ \\"client_id\\": \\"$MCP_REMOTE_CLIENT_ID\\", \\"client_secret\\": \\"$MCP_REMOTE_CLIENT_SECRET\\" }"':
    { "reason": "it stands in a line that only a shell can read" },
  "mcp-remote URL --static-oauth-client-info '@/Users/username/Library/Application Support/Claude/oauth_client_info.json'":
    {
      "server": { "oauth": { "callbackPort": 37531, "callbackHost": "localhost" } },
      "words": ["--static-oauth-client-info", "@FILE"],
    },
  "mcp-remote URL --client-metadata-url https://client.example.com/.well-known/oauth-client-metadata": {
    "server": {
      "oauth": {
        "callbackPort": 3915,
        "callbackHost": "localhost",
        "clientMetadataUrl": "https://client.example.com/.well-known/oauth-client-metadata",
      },
    },
    "words": [],
  },
  "mcp-remote URL 3334 --client-metadata-url https://client.example.com/.well-known/oauth-client-metadata": {
    "server": {
      "oauth": {
        "callbackPort": 3334,
        "callbackHost": "localhost",
        "clientMetadataUrl": "https://client.example.com/.well-known/oauth-client-metadata",
      },
    },
    "words": [],
  },
  [`mcp-remote URL --client-credentials --static-oauth-client-info '{"client_id":"my-client","client_secret":"\${MCP_CLIENT_SECRET}"}'`]:
    {
      "server": {
        "oauth": {
          "grant": "client_credentials",
          "clientId": "my-client",
          "clientSecret": "${MCP_CLIENT_SECRET}",
          "callbackPort": 22482,
          "callbackHost": "localhost",
        },
      },
      "words": [],
    },
  [`mcp-remote URL --client-credentials --token-endpoint https://auth.example.com/oauth/token --static-oauth-client-info '{"client_id":"my-client","client_secret":"\${MCP_CLIENT_SECRET}"}' --static-oauth-client-metadata '{"scope":"mcp.read mcp.write","token_endpoint_auth_method":"client_secret_basic"}'`]:
    {
      "server": {
        "oauth": {
          "grant": "client_credentials",
          "scope": "mcp.read mcp.write",
          "clientId": "my-client",
          "clientSecret": "${MCP_CLIENT_SECRET}",
          "callbackPort": 40710,
          "callbackHost": "localhost",
          "tokenEndpoint": "https://auth.example.com/oauth/token",
        },
      },
      "words": [
        "--static-oauth-client-metadata",
        '{"scope":"mcp.read mcp.write","token_endpoint_auth_method":"client_secret_basic"}',
      ],
    },
  "mcp-remote URL --device-code": { "server": { "oauth": { "grant": "device_code" } }, "words": [] },
  "mcp-remote URL --disable-cookies": { "server": { "cookies": false }, "words": [] },
  "mcp-remote URL --use-id-token": { "server": { "oauth": { "useIdToken": true } }, "words": [] },
  [`mcp-remote URL --use-id-token --static-oauth-client-metadata '{ "scope": "openid email" }'`]: {
    "server": { "oauth": { "scope": "openid email", "useIdToken": true } },
    "words": [],
  },
  "-p mcp-remote@latest mcp-remote-client URL": { "reason": "it names mcp-remote, and starts another program" },
};

describe("an example of mcp-remote's manual", () => {
  test("stands in this table", () => {
    const found = examples().map(wordsOf);
    expect(found.length).toBeGreaterThan(40);
    expect([...new Set(found)].sort()).toEqual(Object.keys(EXAMPLES).sort());
  });

  for (const example of new Map(examples().map((example) => [wordsOf(example), example])).values()) {
    const words = wordsOf(example);
    test(`means the same: ${words}`, async () => {
      expect(await imported(example)).toEqual(EXAMPLES[words]!);
    });
  }
});
