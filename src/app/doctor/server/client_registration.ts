import type { Client } from "../../../auth/client.ts";
import { hasEnded } from "../../../auth/register.ts";
import { isSameIssuer } from "../../../auth/quirks.ts";
import { quoted } from "../../../platform/errors.ts";
import { type Check, fault, type Finding, ok, skip } from "../check.ts";
import type { World } from "../world.ts";
import { held } from "./held.ts";
import { search, whereNeeded } from "./search.ts";
import { commandFor, settingsOf } from "./subject.ts";

const explains = {
  ended: {
    result: "warn",
    cause: "the secret that the authorization server gave us has ended; the next sign-in registers us anew",
    cure: 'run "mcp-bridge login NAME --force"',
  },
  moved: {
    result: "warn",
    cause: "we are registered at an authorization server that the server does not name any more",
    cure: 'run "mcp-bridge login NAME --force"',
  },
} as const;

/** Whether the authorization server knows us. */
export const clientRegistration: Check = {
  code: "client-registration",
  title: "registration there",
  after: ["vault-opens", "authorization-server"],
  limit: 25_000,
  explains,
  run(world: World): Promise<Finding> {
    return whereNeeded(world, async (challenge) => {
      const client = (await held(world))?.grant.client;
      if (client === undefined) return skip(unregistered(world));
      const { discovery } = await search(world, challenge);
      return judge(client, discovery?.authorizationServers, world);
    });
  },
};

function unregistered(world: World): string {
  return settingsOf(world).signIn.clientInfo === undefined
    ? "nobody has signed in yet; the first sign-in registers us"
    : "nobody has signed in yet; the client that you gave will be used";
}

function judge(client: Client, issuers: readonly string[] | undefined, world: World): Finding {
  const { clientId, issuer, kind, authMethod, secretExpiresAt, redirectUris } = client;
  const end = secretExpiresAt === undefined ? undefined : new Date(secretExpiresAt).toISOString();
  const details = { clientId, issuer, kind, authMethod, secretExpiresAt: end, redirectUris };
  const cure = commandFor(world, "login", "--force");
  if (hasEnded(client, world.clock.now())) {
    const text = `${explains.ended.cause} (${end!.slice(0, 10)})`;
    return fault(explains, "ended", { text, cure, details });
  }
  // A person's own client is for the place that they gave it for.
  const isNamed = issuers?.some((named) => isSameIssuer(named, issuer)) ?? true;
  if (!isNamed && kind !== "static") {
    const text = `we are registered at ${quoted(issuer)}, and the server names ${quoted(issuers![0] ?? "nobody")}`;
    return fault(explains, "moved", { text, cure, details });
  }
  return ok(`${quoted(clientId, 60)}, ${WAYS[kind]}`, details);
}

const WAYS: Readonly<Record<Client["kind"], string>> = {
  static: "given by you",
  document: "described by a document at that address",
  dynamic: "registered by us",
};
