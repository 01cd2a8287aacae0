import { type Check, fault, type Finding, ok } from "../check.ts";

const explains = {
  refused: {
    result: "fail",
    cause: "no program may listen on 127.0.0.1: a browser cannot come back from a sign-in, and serve cannot run",
    cure:
      "see what keeps programs from listening: a sandbox, a firewall of this machine, a loopback device that is down; " +
      'sign in with "--device-code" meanwhile',
  },
} as const;

/** Whether a browser could come back to this machine, over both families. */
export const loopback: Check = {
  code: "loopback",
  title: "listening here",
  after: [],
  explains,
  async run({ doors }): Promise<Finding> {
    const [ipv4, ipv6] = await Promise.all([doors.tryPort("127.0.0.1", 0), doors.tryPort("::1", 0)]);
    if (ipv4 !== undefined) {
      return fault(explains, "refused", { text: `no program may listen on 127.0.0.1 (${ipv4})` });
    }
    return ok(ipv6 === undefined ? "on 127.0.0.1 and ::1" : `on 127.0.0.1; there is no ::1 (${ipv6})`);
  },
};
