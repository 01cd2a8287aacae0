import { quoted } from "../../../platform/errors.ts";
import { type Check, fault, type Finding, ok } from "../check.ts";
import type { World } from "../world.ts";
import { type Search, search, searchFailure, stepsOf, stepsText, whereNeeded } from "./search.ts";
import { listed } from "./subject.ts";

const explains = {
  bad_metadata: {
    result: "fail",
    cause: "what the server publishes about itself cannot be read, or is about another server",
    cure: "check the address, or ask whoever runs the server to correct it (RFC 9728)",
  },
  unsafe_address: {
    result: "fail",
    cause: "the server points to where it may not send us",
    cure: 'ask whoever runs the server; for a private network that is yours, add "--allow-private-network"',
  },
  unreachable: {
    result: "fail",
    cause: "the place where the server publishes who signs people in gives no answer",
    cure: "check the network, or ask whoever runs the server",
  },
  untrusted_certificate: {
    result: "fail",
    cause:
      "the certificate of whoever publishes it is not accepted: it has ended, is another's, or a proxy shows its own",
    cure: 'see "mcp-bridge doctor" with that address; give an authority of your own as a PEM file with "--ca FILE"',
  },
  unpublished: {
    result: "warn",
    cause: "the server does not say who signs people in, and is taken to do so itself",
    cure: "ask whoever runs the server to publish its metadata (RFC 9728)",
  },
} as const;

/** Whether the server says who signs people in (RFC 9728). */
export const serverMetadata: Check = {
  code: "server-metadata",
  title: "who signs people in",
  after: ["server-http"],
  limit: 25_000,
  explains,
  run(world: World): Promise<Finding> {
    return whereNeeded(world, async (challenge) => judge(await search(world, challenge)));
  },
};

function judge(found: Search): Finding {
  if (found.isGiven) return ok("named by you", { issuer: found.discovery?.issuer });
  const asked = stepsOf(found, "server");
  if (found.named === undefined) return searchFailure(explains, found, asked);
  const { servers, isPublished } = found.named;
  const details = { asked, authorizationServers: servers, scopes: found.discovery?.scopesSupported };
  if (isPublished) return ok(`${listed(servers.map((server) => quoted(server)))}, by the server's word`, details);
  return fault(explains, "unpublished", {
    text: explains.unpublished.cause + stepsText(asked),
    details,
  });
}
