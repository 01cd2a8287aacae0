import { quoted } from "../../../platform/errors.ts";
import { type Check, fault, type Finding, ok } from "../check.ts";
import type { World } from "../world.ts";
import { type Search, search, searchFailure, stepsOf, stepsText, whereNeeded } from "./search.ts";

const explains = {
  bad_metadata: {
    result: "fail",
    cause: "the authorization server publishes nothing, another one's metadata, or what cannot be read",
    cure: "ask whoever runs it to correct that (RFC 8414)",
  },
  unsafe_address: {
    result: "fail",
    cause: "the authorization server stands where the server may not send us, or names such an address",
    cure: 'ask whoever runs the server; for a private network that is yours, add "--allow-private-network"',
  },
  unreachable: {
    result: "fail",
    cause: "the authorization server accepts no connection, or does not answer",
    cure: "check the network, or ask whoever runs it",
  },
  untrusted_certificate: {
    result: "fail",
    cause:
      "the certificate of the authorization server is not accepted: it has ended, is another's, or a proxy shows its own",
    cure: 'see "mcp-bridge doctor" with that address; give an authority of your own as a PEM file with "--ca FILE"',
  },
  assumed: {
    result: "warn",
    cause: "the server publishes no metadata of an authorization server; the paths of MCP 2025-03-26 are taken for " +
      "granted",
    cure: 'if signing in fails: name who signs people in with "--provider NAME"',
  },
} as const;

/** Whether the authorization server publishes what it is (RFC 8414). */
export const authorizationServer: Check = {
  code: "authorization-server",
  title: "authorization server",
  after: ["server-metadata"],
  limit: 25_000,
  explains,
  run(world: World): Promise<Finding> {
    return whereNeeded(world, async (challenge) => judge(await search(world, challenge)));
  },
};

function judge(found: Search): Finding {
  const asked = stepsOf(found, "authorization server");
  const { discovery } = found;
  if (discovery === undefined) return searchFailure(explains, found, asked);
  const details = { asked, issuer: discovery.issuer };
  if (found.isGiven) return ok(`${quoted(discovery.issuer)}, as you say`, details);
  if (discovery.isFallback) {
    return fault(explains, "assumed", { text: explains.assumed.cause + stepsText(asked), details });
  }
  const place = asked.findLast(({ status }) => status === 200)?.url;
  const at = place === undefined ? "" : `, by ${new URL(place).pathname}`;
  return ok(`${quoted(discovery.issuer)}${at}`, details);
}
