import http from "node:http";
import https from "node:https";
import type { Budget } from "../platform/budget.ts";
import { collect, type HttpBody } from "./body.ts";
import { type Engine, type HttpAnswer, networkError } from "./gate.ts";

/**
 * Carries a request out by `node:http`, which knows no limit to requests in flight. It costs about twice the time of
 * Bun's fetch, so it takes what goes beyond fetch's slots.
 */
export const nodeEngine: Engine = (request, { budget, signal, pooled, onend }) => {
  return new Promise<HttpAnswer>((resolve, reject) => {
    const secure = request.url.protocol === "https:";
    const outgoing = (secure ? https : http).request(request.url, {
      method: request.method,
      headers: {
        ...request.headers,
        "accept-encoding": "identity",
        ...(request.body === undefined ? {} : { "content-length": request.body.length }),
      },
      agent: agentFor(secure, pooled),
      signal,
    }, (incoming) => {
      resolve({
        status: incoming.statusCode ?? 0,
        headers: headersOf(incoming),
        body: nodeBody(request.url, incoming, budget, onend),
      });
    });
    outgoing.on("error", reject);
    outgoing.end(request.body);
  });
};

const agents = new Map<boolean, http.Agent>();

function agentFor(secure: boolean, pooled: boolean): http.Agent | false {
  if (!pooled) return false;
  let agent = agents.get(secure);
  if (agent === undefined) {
    agent = secure
      ? new https.Agent({ keepAlive: true, rejectUnauthorized: true })
      : new http.Agent({ keepAlive: true });
    agents.set(secure, agent);
  }
  return agent;
}

function headersOf(incoming: http.IncomingMessage): Headers {
  const headers = new Headers();
  for (const [name, values] of Object.entries(incoming.headersDistinct)) {
    for (const value of values ?? []) headers.append(name, value);
  }
  return headers;
}

function nodeBody(url: URL, incoming: http.IncomingMessage, budget: Budget, onend: () => void): HttpBody {
  async function* chunks(): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of incoming) yield chunk;
      if (!incoming.complete) throw networkError(url, undefined, true);
    } catch (thrown) {
      throw networkError(url, thrown, true);
    } finally {
      onend();
    }
  }
  return {
    chunks,
    bytes: (limit) => collect(chunks(), limit, budget),
    discard(): void {
      incoming.destroy();
      onend();
    },
  };
}
