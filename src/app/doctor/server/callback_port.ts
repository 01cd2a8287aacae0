import { callbackPorts, type PortRange } from "../../../auth/callback_ports.ts";
import { ownerAddress } from "../../authentication.ts";
import { type Check, fault, type Finding, ok, skip } from "../check.ts";
import type { Target, World } from "../world.ts";
import { need } from "./search.ts";

const explains = {
  port_taken: {
    result: "fail",
    cause: "another program listens where the browser is to come back to after a sign-in",
    cure: 'end that program, or name a free port: "callbackPort" in servers.json, or a number behind the address',
  },
  name_shared: {
    result: "fail",
    cause:
      "the browser is to come back to a name such as localhost, and another program listens there over the other " +
      "family: it may get the answer of the sign-in",
    cure: 'end that program, or leave "--host" and "callbackHost" out, so that the browser comes back to 127.0.0.1',
  },
} as const;

/** Whether the browser could come back from a sign-in at this server. */
export const callbackPort: Check = {
  code: "callback-port",
  title: "port of the sign-in",
  after: ["loopback", "server-http"],
  limit: 25_000,
  explains,
  async run(world): Promise<Finding> {
    const target = world.target!;
    const { headers, signIn, server } = target.settings;
    if (headers["authorization"] !== undefined) return skip("the credential is a header: nobody signs in");
    if (signIn.grant !== "browser" || signIn.tokenCommand !== undefined) return skip("no browser takes part");
    const wanted = await need(world);
    if (wanted.kind === "needless") return skip(wanted.why);
    const byDocument = signIn.clientInfo === undefined && signIn.clientMetadataUrl !== undefined;
    const range = callbackPorts(signIn, ownerAddress(server as URL), byDocument);
    return await tryPorts(range, target, world);
  },
};

async function tryPorts({ port: first, ports }: PortRange, target: Target, { doors }: World): Promise<Finding> {
  const host = target.settings.signIn.callbackHost ?? "127.0.0.1";
  const range = ports === 1 ? `port ${first} is` : `the ports from ${first} to ${first + ports - 1} are`;
  let shared: number | undefined;
  for (let port = first; port < first + ports; port++) {
    if (await doors.tryPort("127.0.0.1", port) !== undefined) continue;
    if (host === "127.0.0.1" || await doors.tryPort("::1", port) !== "EADDRINUSE") {
      return ok(`port ${port} is free`, { port, host });
    }
    shared ??= port;
  }
  const holder = await doors.portHolder(shared ?? first);
  const details = { port: shared ?? first, ...(holder === undefined ? {} : { holder }) };
  if (holder?.name === "mcp-bridge") return ok(`a sign-in of mcp-bridge waits at port ${details.port}`, details);
  const by = holder === undefined ? "another program" : `${JSON.stringify(holder.name)} (process ${holder.pid})`;
  if (shared === undefined) return fault(explains, "port_taken", { text: `${range} in use by ${by}`, details });
  return fault(explains, "name_shared", { text: `port ${shared} of ${host} is shared with ${by}, over IPv6`, details });
}
