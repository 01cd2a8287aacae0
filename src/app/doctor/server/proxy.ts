import { type Check, type Finding, ok } from "../check.ts";
import { addressOf, isHere, proxyTo, settingsOf } from "./subject.ts";

const EXCEPT = "check the variable, or except the host with NO_PROXY";

/** Whether the proxy on the way lets us through. */
export const serverProxy: Check = {
  code: "server-proxy",
  title: "proxy on the way",
  after: [],
  explains: {
    unreachable: {
      result: "fail",
      cause: "the proxy has no address, accepts no connection, or does not reach the server",
      cure: EXCEPT,
    },
    connect_timeout: { result: "fail", cause: "the proxy accepts no connection in time", cure: EXCEPT },
    proxy_refused: {
      result: "fail",
      cause: "the proxy wants a password or another one, forbids the server, or is none that speaks HTTP",
      cure:
        "set user and password in the variable, like http://USER:PASSWORD@HOST:PORT, or except the host with NO_PROXY",
    },
    bad_answer: { result: "fail", cause: "what stands at the proxy's address is no proxy", cure: EXCEPT },
  },
  async run(world): Promise<Finding> {
    const url = addressOf(world);
    const proxy = proxyTo(world);
    if (proxy === undefined) return ok(isHere(world) ? "none, since the server is on this machine" : "none");
    await world.doors.network.tryProxy(url, proxy, settingsOf(world).network.tls);
    const { address, variable } = proxy;
    return ok(`${address}, by ${variable}`, { address, variable });
  },
};
