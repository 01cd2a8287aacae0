/** The way out, in a world of pages that a test writes. */
import type { HttpAnswer, HttpRequest, HttpWire } from "../../src/net/gate.ts";
import { collect } from "../../src/net/body.ts";
import { Budget } from "../../src/platform/budget.ts";
import { BridgeError } from "../../src/platform/errors.ts";

/** What stands at an address: JSON with status 200, a status without a body, an answer, or what says one of them. */
export type Page = object | number | Response | ((asked: Asked) => object | number | Response);

/** A request that was made. */
export interface Asked {
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
  readonly body: string;
  /** The body, read as a form. */
  readonly form: URLSearchParams;
}

/** Carries requests to pages by address; whatever is not among them is answered with 404, as nowhere is for real. */
export class FakeWire implements HttpWire {
  /** All requests, in order. */
  readonly asked: Asked[] = [];
  readonly #pages: Map<string, Page>;
  readonly #budget = new Budget(64 * 1_048_576);

  /** `pages` by address. */
  constructor(pages: Record<string, Page>) {
    this.#pages = new Map(Object.entries(pages));
  }

  /** The addresses that were asked. */
  get urls(): string[] {
    return this.asked.map(({ url }) => url);
  }

  // deno-lint-ignore require-await
  async fetch(request: HttpRequest): Promise<HttpAnswer> {
    const body = new TextDecoder().decode(request.body ?? new Uint8Array());
    const asked: Asked = {
      method: request.method,
      url: request.url.href,
      headers: request.headers,
      body,
      form: new URLSearchParams(body),
    };
    this.asked.push(asked);
    const page = this.#pages.get(asked.url) ?? 404;
    const said = typeof page === "function" ? page(asked) : page;
    if (said instanceof BridgeError) throw said;
    const response = typeof said === "number"
      ? new Response(null, { status: said })
      : said instanceof Response
      ? said.clone()
      : Response.json(said);
    const chunks = (): AsyncIterable<Uint8Array> => response.body ?? (async function* (): AsyncGenerator<never> {})();
    return {
      status: response.status,
      headers: new Headers([...response.headers]),
      body: {
        chunks,
        bytes: (limit, onchunk) => collect(chunks(), limit, this.#budget, onchunk),
        discard: () => void response.body?.cancel(),
      },
    };
  }

  forgetConnections(): void {}
}
