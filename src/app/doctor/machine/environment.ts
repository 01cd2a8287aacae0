import type { Environment } from "../../../registry/references.ts";
import { type Check, fault, type Finding, ok } from "../check.ts";

/** Whoever sets these runs what they like inside of us, or changes what we are. */
const RUNS_CODE =
  /^(?:BUN_OPTIONS|BUN_BE_BUN|BUN_INSPECT\w*|NODE_OPTIONS|LD_PRELOAD|LD_AUDIT|DYLD_INSERT_LIBRARIES|DYLD_FORCE_FLAT_NAMESPACE)$/;
/** These write down what passes, or what opens it: `BUN_CONFIG_VERBOSE_FETCH` prints each request with its token. */
const REVEALS = /^(?:BUN_CONFIG_VERBOSE_FETCH|SSLKEYLOGFILE)$/;

const explains = {
  runs_code: {
    result: "warn",
    cause: "a variable has the runtime load other code into mcp-bridge, which then sees every token",
    cure: "unset the variable where mcp-bridge is started, unless you have set it yourself",
  },
  reveals_traffic: {
    result: "warn",
    cause: "a variable has the runtime write down requests with their tokens, or the keys of connections",
    cure: "unset the variable where mcp-bridge is started",
  },
  unchecked_certificates: {
    result: "warn",
    cause: "NODE_TLS_REJECT_UNAUTHORIZED=0 asks programs to trust any certificate; mcp-bridge checks them all the same",
    cure: 'unset NODE_TLS_REJECT_UNAUTHORIZED; for an authority of your own there is "--ca FILE"',
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
  const code = namesIn(env, RUNS_CODE);
  const reveals = namesIn(env, REVEALS);
  const unchecked = env["NODE_TLS_REJECT_UNAUTHORIZED"] === "0" ? ["NODE_TLS_REJECT_UNAUTHORIZED"] : [];
  const all = [...code, ...reveals, ...unchecked];
  const details = { variables: all };
  const cure = `unset ${all.join(", ")} where mcp-bridge is started`;
  if (code.length > 0) {
    return fault(explains, "runs_code", {
      text: `${said(code)} other code into mcp-bridge, which sees every token`,
      cure,
      details,
    });
  }
  if (reveals.length > 0) {
    const text = `${reveals.join(" and ")} may write down tokens, or what opens connections`;
    return fault(explains, "reveals_traffic", { text, cure, details });
  }
  return all.length > 0
    ? fault(explains, "unchecked_certificates", { details })
    : ok("no variable gives others power over mcp-bridge");
}

function said(names: readonly string[]): string {
  return `${names.join(" and ")} ${names.length === 1 ? "loads" : "load"}`;
}

/** The variables that are set to something. */
function namesIn(env: Environment, pattern: RegExp): string[] {
  return Object.keys(env).filter((name) => pattern.test(name) && env[name]).sort();
}
