import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Grant, Records } from "../../../src/auth/records.ts";
import { systemClock } from "../../../src/platform/clock.ts";
import { openVault } from "../../../src/vault/vault.ts";
import { type Bench, type Figure, interleave } from "../bench.ts";
import type { Contestant } from "../contestants.ts";
import { flood, initialize, sayInitialized } from "../conversation.ts";
import { middleRatio } from "../median.ts";
import { type Manner, measureOurs, startTimes } from "../ours.ts";
import { ownRow } from "../row.ts";

/** Where a token comes from. */
const SOURCES = ["vault", "header"] as const;
type Source = typeof SOURCES[number];

/** What a token from the vault costs, beside the same token in a header that a person gave: start, and calls. */
export const token: Figure = {
  id: "token",
  measure: (bench) =>
    measureOurs(bench, async (ours, folder) => {
      const manners = await prepare(ours, folder, bench.farEnd.places.http.words[0]!);
      const times = await startTimes(bench, manners, bench.quick ? 15 : 60);
      const requests = await requestsOfStart(bench, manners[0]!);
      const rates = await callRates(bench, manners);
      return [
        ownRow("start with a token from the vault, to one in a header", ratio(times), "at most", 1.5),
        ownRow("HTTP requests before the first answer then", requests, "at most", 1),
        ownRow("calls/s with a token from the vault, to one in a header", ratio(rates), "at least", 0.95),
      ];
    }),
};

function ratio(samples: Map<Source, number[]>): number | undefined {
  return middleRatio(samples, "vault", "header");
}

async function requestsOfStart(bench: Bench, { contestant }: Manner<Source>): Promise<number> {
  const before = await bench.farEnd.stats();
  const client = bench.start(contestant);
  await initialize(client);
  const after = await bench.farEnd.stats();
  await client.close(1_000);
  return after.requests - before.requests;
}

/** Several processes of each: one is quicker than the next for as long as it lives, by more than what is looked for. */
async function callRates(bench: Bench, manners: Manner<Source>[]): Promise<Map<Source, number[]>> {
  const rates = new Map<Source, number[]>(SOURCES.map((name) => [name, []]));
  for (let pair = 0; pair < (bench.quick ? 3 : 10); pair++) {
    const open = await Promise.all(manners.map(async ({ name, contestant }) => {
      const client = bench.start(contestant);
      await initialize(client);
      sayInitialized(client);
      return { name, client };
    }));
    const samples = await interleave(bench, open, 5, async ({ client }) => {
      const { calls, seconds } = await flood(client, 250);
      return calls / seconds;
    }, 4);
    for (const [name, taken] of samples) rates.get(name)!.push(...taken);
    await bench.killAll();
  }
  return rates;
}

/** The same token for both, which the far end does not look at. */
async function prepare(ours: Contestant, folder: string, url: string): Promise<Manner<Source>[]> {
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
