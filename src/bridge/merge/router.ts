import { BridgeError, quoted } from "../../platform/errors.ts";
import type { Message } from "../../transport/message.ts";
import type { Branch } from "./branch.ts";
import type { Directory, Kind } from "./directory.ts";
import { saidIn } from "./fan_out.ts";
import type { Lists } from "./lists.ts";
import { readMergedName } from "./names.ts";
import { inTheNameOf } from "./offers.ts";
import type { Target } from "./target.ts";
import { readMergedTaskId } from "./tasks.ts";
import { readMergedUri } from "./uris.ts";

/** Where a request goes, and what the thing is called there that it is about. */
export interface Route {
  readonly branch: Branch;
  readonly own: string;
}

/** What finding servers by names needs. */
export interface RouterOptions {
  /** Those that there are at the moment. */
  readonly branches: readonly Branch[];
  readonly directory: Directory;
  readonly lists: Lists;
}

/** Finds the server that a request is for. */
export class Router {
  readonly #options: RouterOptions;

  constructor(options: RouterOptions) {
    this.#options = options;
  }

  /** The way of a request, as far as its own words and the lists so far tell it. */
  find({ kind, called }: Target): Route | undefined {
    if (called === undefined) return undefined;
    if (kind === "resources") {
      const parts = readMergedUri(called);
      return this.#route(parts?.slug, parts?.uri);
    }
    if (kind === "tasks") {
      const parts = readMergedTaskId(called);
      return this.#route(parts?.slug, parts?.own);
    }
    const parts = readMergedName(called);
    return this.#route(
      parts?.slug,
      parts?.name ?? (parts && this.#options.directory.ownName(kind, parts.slug, called)),
    );
  }

  /**
   * The same where only a list of the server can tell.
   *
   * @throws {BridgeError} `unknown_name` for what no server has, `no_answer` where the server gives no list.
   */
  async search(request: Message, target: Target): Promise<Route> {
    const { kind, called } = target;
    if (called === undefined) {
      throw new BridgeError("not_offered", `${request.method} does not say what it is about`);
    }
    if (kind === "resources") throw this.#unknownUri(called);
    if (kind === "tasks") throw new BridgeError("not_offered", `no server has a task ${quoted(called)}`);
    const branch = this.#branchOf(readMergedName(called)?.slug ?? "");
    if (branch !== undefined) await this.#list(request, kind, branch);
    const route = this.find(target);
    if (route !== undefined) return route;
    throw await this.#options.directory.unknown(kind, called, [...this.#options.branches.map(({ slug }) => slug)]);
  }

  async #list(request: Message, kind: Kind, branch: Branch): Promise<void> {
    const answer = await this.#options.lists.ask(inTheNameOf(request, `${kind}/list`), [branch]).answer;
    if (answer.isError) throw new BridgeError("no_answer", saidIn(answer));
  }

  #route(slug: string | undefined, own: string | undefined): Route | undefined {
    const branch = this.#branchOf(slug ?? "");
    return branch === undefined || own === undefined ? undefined : { branch, own };
  }

  #unknownUri(uri: string): BridgeError {
    return new BridgeError("not_offered", `no server has a resource ${quoted(uri)}`, {
      hint: `resources begin with ${
        [...this.#options.branches.map(({ slug }) => slug)].map((slug) => `mcp-bridge://${slug}/`).join(", ")
      }`,
    });
  }

  #branchOf(slug: string): Branch | undefined {
    return this.#options.branches.find((branch) => branch.slug === slug);
  }
}
