import type { Environment } from "../../../registry/references.ts";
import { type Check, fault, type Finding, ok, together } from "../check.ts";

/** Whoever sets these runs what they like inside of us, or looks in by a debugger. */
const LETS_OTHERS_IN =
  /^(?:BUN_OPTIONS|BUN_BE_BUN|BUN_INSPECT\w*|LD_PRELOAD|LD_AUDIT|DYLD_INSERT_LIBRARIES|DYLD_FORCE_FLAT_NAMESPACE)$/;
/** Prints each request, with its token. */
const REVEALS = /^BUN_CONFIG_VERBOSE_FETCH$/;

const explains = {
  lets_others_in: {
    result: "warn",
    cause:
      "a variable has the runtime load other code into mcp-bridge, or open it to a debugger: who is behind that sees " +
      "every token",
    cure: "unset the variable where mcp-bridge is started, unless you have set it yourself",
  },
  reveals_tokens: {
    result: "warn",
    cause: "BUN_CONFIG_VERBOSE_FETCH has the runtime print each request with its token, which then stands in logs",
    cure: "unset BUN_CONFIG_VERBOSE_FETCH where mcp-bridge is started",
  },
  unchecked_certificates: {
    result: "warn",
    cause:
      "NODE_TLS_REJECT_UNAUTHORIZED=0 asks programs to trust any certificate; mcp-bridge checks them all the same, " +
      "servers that it starts may not",
    cure: 'unset NODE_TLS_REJECT_UNAUTHORIZED; for an authority of your own there is "--ca FILE"',
  },
  keys_written: {
    result: "warn",
    cause:
      "SSLKEYLOGFILE asks programs to write down what opens their connections; mcp-bridge does not, servers that it " +
      "starts may",
    cure: "unset SSLKEYLOGFILE",
  },
} as const;

/** Whether the environment holds what gives others power over us. */
export const environment: Check = {
  code: "environment",
  title: "environment",
  after: [],
  explains,
  run({ env }): Promise<Finding> {
    return Promise.resolve(judge(env));
  },
};

function judge(env: Environment): Finding {
  const faults = [
    ...namesIn(env, LETS_OTHERS_IN).map((name) =>
      fault(explains, "lets_others_in", {
        text: `${name} is set: what it names sees every token`,
        cure: `unset ${name} where mcp-bridge is started, unless you have set it yourself`,
      })
    ),
    ...namesIn(env, REVEALS).map(() => fault(explains, "reveals_tokens")),
    ...(env["NODE_TLS_REJECT_UNAUTHORIZED"] === "0" ? [fault(explains, "unchecked_certificates")] : []),
    ...namesIn(env, /^SSLKEYLOGFILE$/).map(() => fault(explains, "keys_written")),
  ];
  return faults.length > 0 ? together(faults) : ok("no variable gives others power over mcp-bridge");
}

/** The variables that are set to something. */
function namesIn(env: Environment, pattern: RegExp): string[] {
  return Object.keys(env).filter((name) => pattern.test(name) && env[name]).sort();
}
