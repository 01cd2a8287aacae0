import { BridgeError } from "../platform/errors.ts";
import type { Discovery } from "./discover.ts";
import { awaitDevice, beginOnDevice } from "./grants/device_code.ts";
import type { Records } from "./records.ts";
import { clientFor } from "./register.ts";
import type { SignInWish } from "./session.ts";
import { demandOf, keep, type SignInParts, toolsOf } from "./sign_in_parts.ts";

/** As a redirect URI nobody is ever sent to; registrations are kept by it. */
const NOWHERE = "http://127.0.0.1/device";

/** Has a person consent at another machine, by a code that we show (RFC 8628). */
export async function signInOnDevice(
  parts: SignInParts,
  records: Records,
  wish: SignInWish,
  discovery: Discovery,
): Promise<void> {
  const { notify, onwaiting, owner } = parts;
  const settings = { ...parts.settings, grant: "device_code" as const };
  const tools = toolsOf(parts);
  const client = await clientFor(records, discovery, settings, NOWHERE, tools);
  const demand = await demandOf(records, wish);
  wish.onasking();
  const begun = await beginOnDevice({ discovery, client, settings, ...demand }, tools);
  const where = `${begun.verificationUri.href} and type the code ${begun.userCode}`;
  onwaiting(
    new BridgeError("sign_in_required", `a person has to sign in first: visit ${where}`, {
      hint: "on any machine with a browser; then try again",
    }),
  );
  notify({ level: "info", text: `sign in to ${owner.server}: visit ${where}` });
  const tokens = await awaitDevice(begun, client, discovery, tools);
  await keep(parts, records, { version: 1, discovery, client, scope: begun.scope }, tokens);
  notify({ level: "info", text: `signed in to ${owner.server}` });
}
