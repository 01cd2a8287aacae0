// Types alone: a bundle evaluates built-in modules that are imported by name at the start, used or not.
import type { Agent, IncomingMessage } from "node:http";
import { collect, type HttpBody } from "./body.ts";
import type { Connection, Engine, HttpAnswer } from "./gate.ts";
import { networkError } from "./network_error.ts";

/** What a request leaves behind until it is collected, beyond one by fetch, in bytes. */
const LEFT_BEHIND = 32_768;

/**
 * Carries a request out by `node:http`, which knows no limit to requests in flight. It costs about twice the time of
 * Bun's fetch, so it takes what goes beyond fetch's slots, and what must go over IPv4.
 */
export const nodeEngine: Engine = async (request, connection) => {
  const secure = request.url.protocol === "https:";
  const http = secure ? await import("node:https") : await import("node:http");
  return new Promise<HttpAnswer>((resolve, reject) => {
    const outgoing = http.request(request.url, {
      method: request.method,
      headers: {
        // As fetch has it: some servers turn away who says no name.
        "user-agent": navigator.userAgent,
        ...request.headers.toJSON(),
        ...(request.body === undefined ? {} : { "content-length": request.body.length }),
      },
      agent: connection.pooled ? agentOf(secure, http.Agent) : false,
      signal: connection.signal,
      ...(connection.ipv4 ? { family: 4 } : {}),
      ...(secure ? connection.tls : {}),
    }, (incoming) => {
      resolve({
        status: incoming.statusCode ?? 0,
        headers: headersOf(incoming),
        body: nodeBody(request.url, incoming, connection),
      });
    });
    outgoing.on("error", reject);
    outgoing.end(request.body);
  });
};

const agents = new Map<boolean, Agent>();

function agentOf(secure: boolean, Kind: typeof Agent): Agent {
  let agent = agents.get(secure);
  if (agent === undefined) agents.set(secure, agent = new Kind({ keepAlive: true }));
  return agent;
}

function headersOf(incoming: IncomingMessage): Headers {
  const headers = new Headers();
  for (const [name, values] of Object.entries(incoming.headersDistinct)) {
    for (const value of values ?? []) headers.append(name, value);
  }
  return headers;
}

function nodeBody(url: URL, incoming: IncomingMessage, connection: Connection): HttpBody {
  async function* chunks(): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of incoming) yield chunk;
      if (!incoming.complete) throw networkError(url, undefined, { answered: true });
    } catch (thrown) {
      throw networkError(url, thrown, { answered: true });
    } finally {
      connection.release(false, LEFT_BEHIND);
    }
  }
  return {
    chunks,
    bytes: (limit, onchunk, lease) => collect(chunks(), limit, connection.budget, onchunk, lease),
    discard(): void {
      incoming.destroy();
      connection.release();
    },
  };
}
