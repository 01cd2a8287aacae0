/** What can go wrong at an authorization server, made to happen by a test. */
import type { AsRequest } from "./fake_as.ts";
import type { Json } from "./fake_mcp.ts";
import { Log } from "./log.ts";

/** Stands before an endpoint: `proceed` does what the endpoint does, and whatever is returned is the answer. */
export type Fault = (request: AsRequest, proceed: () => Promise<Response>) => Response | Promise<Response>;

/** Answers in place of the endpoint, which then does nothing. */
export function answers(
  status: number,
  text = "",
  headers: Record<string, string> = { "content-type": "text/plain" },
): Fault {
  return () => new Response(text, { status, headers });
}

/** Refuses with an OAuth error. */
export function refuses(error: string, status = 400): Fault {
  return () => Response.json({ error, error_description: `the test says ${error}` }, { status });
}

/** Answers with a page, as a front server does that is in trouble. */
export function html(status = 200): Fault {
  return answers(status, "<!doctype html><title>sorry</title>", { "content-type": "text/html" });
}

/** Answers with what would be right but for its size, in bytes. */
export function swollen(bytes: number): Fault {
  return amends((answer) => answer.padding = "x".repeat(bytes));
}

/** Resets the connection without an answer, before or after the endpoint has done its work. */
export function drops(when: "before" | "after"): Fault {
  return async (_request, proceed) => {
    if (when === "after") await proceed();
    return new Response(new ReadableStream({ start: (controller) => controller.error() }));
  };
}

/** Changes the JSON of an answer of the endpoint's. */
export function amends(change: (answer: Json) => void): Fault {
  return async (_request, proceed) => {
    const response = await proceed();
    const answer: Json = JSON.parse(await response.text());
    change(answer);
    return Response.json(answer, { status: response.status });
  };
}

/** Changes what the browser is to carry back to the client. */
export function returns(change: (parameters: URLSearchParams) => void): Fault {
  return async (_request, proceed) => {
    const response = await proceed();
    const location = response.headers.get("location");
    if (location === null) return response;
    const callback = new URL(location);
    change(callback.searchParams);
    return new Response(null, { status: response.status, headers: { location: callback.href } });
  };
}

/** Sends the person back with an error, such as `access_denied`, in place of a code. */
export function denies(error: string, description = `the test says ${error}`): Fault {
  return returns((parameters) => {
    parameters.delete("code");
    parameters.set("error", error);
    parameters.set("error_description", description);
  });
}

/** Holds requests until a test lets them go on. */
export class Barrier {
  readonly #arrived = new Log<AsRequest>();
  #waiting: (() => void)[] = [];
  #open = false;

  /** Holds requests before they are worked on. */
  readonly before: Fault = async (request, proceed) => {
    await this.#hold(request);
    return await proceed();
  };

  /** Holds answers of what is done. */
  readonly after: Fault = async (request, proceed) => {
    const response = await proceed();
    await this.#hold(request);
    return response;
  };

  /** Waits until so many have come here, and gives the last of them. */
  arrived(count = 1): Promise<AsRequest> {
    return this.#arrived.find(() => true, count - 1);
  }

  /** Lets those that wait the longest go on. */
  pass(count = 1): void {
    for (const go of this.#waiting.splice(0, count)) go();
  }

  /** Lets all go on, and those that come later. */
  open(): void {
    this.#open = true;
    this.pass(this.#waiting.length);
  }

  async #hold(request: AsRequest): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    if (this.#open) resolve();
    else this.#waiting.push(resolve);
    this.#arrived.add(request);
    await promise;
  }
}
