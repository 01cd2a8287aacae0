/** The way of a person who agrees to everything: redirects are followed, and the first form of a page is sent. */

/** What the walker does besides. */
export interface Walker {
  /** Sees the address that carries a code or an error back to the client; the walk ends before what gives undefined. */
  arrive(callback: URL): URL | undefined | Promise<URL | undefined>;
  readonly tls?: Bun.TLSOptions;
  /** The proxy by which other machines are reached; without one the walk stays on loopback. */
  readonly proxy?: string;
}

/** Where a walk led. */
export interface Walk {
  /** The addresses in order. */
  readonly way: string[];
  /** What the last of them answered; undefined where the walk ended before it, or nobody was there. */
  page: Page | undefined;
}

/** An answer, read. */
export interface Page {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

interface Request {
  readonly url: URL;
  readonly form?: URLSearchParams;
}

const MOST_STEPS = 20;
const LOOPBACK = new Set(["127.0.0.1", "localhost", "[::1]"]);

/** Walks from an address to where nothing leads further; throws when it leads to where it may not go, or for ever. */
export async function walk(start: string, walker: Walker): Promise<Walk> {
  const walked: Walk = { way: [], page: undefined };
  const cookies = new Map<string, Map<string, string>>();
  for (let next: Request | undefined = { url: new URL(start) }; next !== undefined;) {
    const url: URL = next.url;
    const proxy = LOOPBACK.has(url.hostname) ? false : walker.proxy;
    if (proxy === undefined) throw new Error(`The walk leads away from loopback, to ${url.origin}`);
    if (walked.way.push(url.href) > MOST_STEPS) throw new Error(`The walk does not end:\n${walked.way.join("\n")}`);
    walked.page = await visit(next, cookies, { proxy, ...(walker.tls === undefined ? {} : { tls: walker.tls }) });
    next = walked.page === undefined ? undefined : await stepFrom(url, walked.page);
    if (next === undefined || !(next.url.searchParams.has("code") || next.url.searchParams.has("error"))) continue;
    const callback = await walker.arrive(next.url);
    if (callback === undefined) return { way: [...walked.way, next.url.href], page: undefined };
    next = { url: callback };
  }
  return walked;
}

async function visit(
  { url, form }: Request,
  cookies: Map<string, Map<string, string>>,
  network: Pick<BunFetchRequestInit, "proxy" | "tls">,
): Promise<Page | undefined> {
  const jar = cookies.get(url.host) ?? new Map<string, string>();
  cookies.set(url.host, jar);
  let response: Response;
  try {
    response = await fetch(url, {
      method: form === undefined ? "GET" : "POST",
      ...(form === undefined ? {} : { body: form }),
      headers: jar.size === 0 ? {} : { cookie: [...jar].map((pair) => pair.join("=")).join("; ") },
      redirect: "manual",
      ...network,
    });
  } catch {
    return undefined;
  }
  for (const cookie of response.headers.getSetCookie()) {
    const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
    if (name !== undefined) jar.set(name, value!);
  }
  return { status: response.status, headers: response.headers, text: await response.text() };
}

async function stepFrom(url: URL, { status, headers, text }: Page): Promise<Request | undefined> {
  const location = headers.get("location");
  if (status >= 300 && status < 400 && location !== null) return { url: new URL(location, url) };
  if (headers.get("content-type")?.startsWith("text/html") !== true) return undefined;
  let action: string | undefined;
  const form = new URLSearchParams();
  await new HTMLRewriter()
    .on("form", { element: (element) => void (action ??= element.getAttribute("action") ?? url.href) })
    .on("form input[name], form button[name]", {
      element(element): void {
        const name = element.getAttribute("name")!;
        // Of several buttons with one name the first is pressed.
        if (!form.has(name)) form.set(name, element.getAttribute("value") ?? "");
      },
    })
    .transform(new Response(text)).text();
  return action === undefined ? undefined : { url: new URL(action, url), form };
}
