import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Grant, Records } from "../../../src/auth/records.ts";
import { systemClock } from "../../../src/platform/clock.ts";
import { openVault } from "../../../src/vault/vault.ts";
import { type Bench, type Figure, interleave } from "../bench.ts";
import type { Contestant } from "../contestants.ts";
import { flood, initialize, sayInitialized } from "../conversation.ts";
import { median } from "../median.ts";
import type { Row } from "../row.ts";

/** Where a token comes from. */
const SOURCES = ["vault", "header"] as const;
type Source = typeof SOURCES[number];

interface Lane {
  readonly name: Source;
  readonly contestant: Contestant;
}

/** What a token from the vault costs, beside the same token in a header that a person gave: start, and calls. */
export const token: Figure = {
  id: "token",
  async measure(bench: Bench): Promise<Row[]> {
    const ours = bench.contestants.find(({ name }) => name === "mcp-bridge");
    if (ours === undefined) return [];
    const folder = mkdtempSync(join(tmpdir(), "mcp-bridge-token-"));
    try {
      const url = bench.farEnd.places.http.words[0]!;
      const lanes = await prepare(ours, folder, url);
      return [
        row("start with a token from the vault, to one in a header", 1.5, await starts(bench, lanes)),
        row("calls/s with a token from the vault, to one in a header", 0.95, await rates(bench, lanes)),
      ];
    } finally {
      await bench.killAll();
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

function row(title: string, value: number, samples: Map<Source, number[]>): Row {
  const [vault, header] = SOURCES.map((source) => median(samples.get(source) ?? []));
  const bound = value > 1 ? "at most" : "at least";
  return { title, cells: { "mcp-bridge": { value: vault! / header! } }, targets: [{ bound, value }] };
}

async function starts(bench: Bench, lanes: Lane[]): Promise<Map<Source, number[]>> {
  return await interleave(bench, lanes, bench.quick ? 15 : 60, async ({ contestant }) => {
    const begin = performance.now();
    const client = bench.start(contestant);
    await initialize(client);
    const milliseconds = performance.now() - begin;
    await client.close(1_000);
    return milliseconds;
  });
}

async function rates(bench: Bench, lanes: Lane[]): Promise<Map<Source, number[]>> {
  const open = await Promise.all(lanes.map(async ({ name, contestant }) => {
    const client = bench.start(contestant);
    await initialize(client);
    sayInitialized(client);
    return { name, client };
  }));
  return await interleave(bench, open, bench.quick ? 5 : 12, async ({ client }) => {
    const { calls, seconds } = await flood(client, 500);
    return calls / seconds;
  });
}

/** The same token for both, which the far end does not look at. */
async function prepare(ours: Contestant, folder: string, url: string): Promise<Lane[]> {
  const accessToken = "bench-".padEnd(64, "x");
  const home = join(folder, "state");
  mkdirSync(home, { mode: 0o700 });
  const absent = { kind: "absent" } as const;
  const vault = openVault({
    folder: home,
    keyKind: "file",
    keychain: {
      get: () => Promise.resolve(absent),
      set: () => Promise.resolve(absent),
      delete: () => Promise.resolve(absent),
    },
    notify: () => {},
    clock: systemClock,
  });
  const issuer = new URL(url).origin;
  const grant: Grant = {
    version: 1,
    scope: undefined,
    client: { issuer, clientId: "bench", authMethod: "none", kind: "static" },
    discovery: {
      server: url,
      resource: url,
      issuer,
      authorizationServers: [issuer],
      scopesSupported: undefined,
      metadata: { issuer, takesDocuments: false, promisesIssuer: false },
      pkce: "said",
      isFallback: false,
      steps: [],
    },
  };
  const now = systemClock.now();
  const tokens = { accessToken, tokenType: "Bearer", receivedAt: now, expiresAt: now + 86_400_000 } as const;
  await new Records(vault, { server: url, account: "default" }).save(grant, tokens);
  const file = join(folder, "header");
  writeFileSync(file, `Authorization: Bearer ${accessToken}\n`);
  const more: Record<Source, Pick<Contestant, "command" | "env">> = {
    vault: { command: ours.command, env: { MCP_BRIDGE_HOME: home } },
    header: { command: (place) => [...ours.command(place), "--header-file", file] },
  };
  return SOURCES.map((name) => ({ name, contestant: { ...ours, ...more[name] } }));
}
