import { hasProxy, type Proxy, proxyFor } from "../../../net/proxy.ts";
import type { Environment } from "../../../registry/references.ts";
import { type Check, fault, type Finding, ok, skip } from "../check.ts";

const explains = {
  contradictory: {
    result: "warn",
    cause:
      "a proxy variable is set twice, in small letters and in capitals, to different values: the small letters count",
    cure: "set both to the same value, or unset one of them",
  },
  bad_address: {
    result: "fail",
    cause: "a proxy variable holds no address of an HTTP proxy: requests that go by it fail",
    cure: "set it to http://HOST:PORT, or unset it",
  },
  one_sided: {
    result: "warn",
    cause: "HTTP_PROXY is set and HTTPS_PROXY is not: https requests, which nearly all are, go past the proxy",
    cure: "set HTTPS_PROXY to the same proxy",
  },
  all_excepted: {
    result: "warn",
    cause: 'NO_PROXY excepts every host by a "*", so that the proxy is never used',
    cure: 'take the "*" out of NO_PROXY, or unset the proxy variables',
  },
} as const;

const NAMES = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"] as const;

/** Two servers that nobody excepts by name. */
const EXAMPLES = { https: new URL("https://server.invalid/"), http: new URL("http://server.invalid/") };

/** Which proxies the environment names, and whether its variables agree. */
export const proxy: Check = {
  code: "proxy",
  title: "proxy variables",
  after: [],
  explains,
  run({ env }): Promise<Finding> {
    return Promise.resolve(judge(env));
  },
};

function judge(env: Environment): Finding {
  if (!hasProxy(env)) return skip("no proxy is set");
  const details = { variables: NAMES.flatMap((name) => [name.toLowerCase(), name]).filter((name) => env[name]) };
  const twice = NAMES.find((name) => {
    const [small, capital] = [env[name.toLowerCase()], env[name]];
    return small && capital && small !== capital;
  });
  if (twice !== undefined) {
    const text = `${twice.toLowerCase()} and ${twice} differ: what ${twice.toLowerCase()} says counts`;
    return fault(explains, "contradictory", { text, details });
  }
  const excepted = (env["no_proxy"] || env["NO_PROXY"] || "").split(/[\s,]+/).includes("*");
  if (excepted) return fault(explains, "all_excepted", { details });
  const [secure, plain] = [proxyFor(EXAMPLES.https, env), proxyFor(EXAMPLES.http, env)];
  const bad = [secure, plain].find((found) => found !== undefined && !isGood(found, env));
  if (bad !== undefined) {
    return fault(explains, "bad_address", { text: `${bad.variable} holds no address of an HTTP proxy`, details });
  }
  if (secure === undefined) return fault(explains, "one_sided", { details });
  return ok(`requests go by ${secure.address} (${secure.variable})`, { ...details, proxy: secure.address });
}

function isGood({ speaksHttp, variable }: Proxy, env: Environment): boolean {
  const text = env[variable] ?? "";
  return speaksHttp && URL.canParse(text.includes("://") ? text : `http://${text}`);
}
