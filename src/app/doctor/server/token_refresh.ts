import { OAuthRefusal } from "../../../auth/refusal.ts";
import type { BridgeError } from "../../../platform/errors.ts";
import { type Check, fault, type Finding, ok, skip } from "../check.ts";
import type { World } from "../world.ts";
import { renewal } from "./renewal.ts";
import { whereNeeded } from "./search.ts";
import { commandFor } from "./subject.ts";

const explains = {
  refused: {
    result: "fail",
    cause: "the authorization server does not renew the token",
    cure: 'run "mcp-bridge login NAME"',
  },
  client_forgotten: {
    result: "fail",
    cause: "the authorization server does not know our registration any more; the next sign-in registers us anew",
    cure: 'run "mcp-bridge login NAME"',
  },
  unanswered: {
    result: "fail",
    cause: "the token could not be renewed, for want of an answer",
    cure: "try again later, or ask whoever runs the authorization server",
  },
} as const;

/** By what a server says that it does not know who asks (RFC 6749, 5.2). */
const FORGOTTEN: readonly (string | undefined)[] = ["invalid_client", "unauthorized_client"];

/** Whether the token can be renewed, tried where a person asks for that. */
export const tokenRefresh: Check = {
  code: "token-refresh",
  title: "renewal of the token",
  after: ["vault-opens", "server-http"],
  limit: 25_000,
  explains,
  run(world: World): Promise<Finding> {
    return whereNeeded(world, () => renewed(world));
  },
};

async function renewed(world: World): Promise<Finding> {
  if (!world.refresh) return skip('not tried; "--refresh" does so');
  const done = await renewal(world);
  if (done.kind === "renewed") return ok("renewed, and the new token is kept");
  return done.kind === "failed" ? failed(done.cause, world) : skip("there is nothing to renew a token by");
}

function failed(cause: BridgeError, world: World): Finding {
  const text = cause.message;
  if (!(cause instanceof OAuthRefusal)) {
    return fault(explains, "unanswered", { text, ...(cause.hint === undefined ? {} : { cure: cause.hint }) });
  }
  const cure = commandFor(world, "login");
  return fault(explains, FORGOTTEN.includes(cause.oauthError) ? "client_forgotten" : "refused", { text, cure });
}
