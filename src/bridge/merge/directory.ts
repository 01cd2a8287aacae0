import { BridgeError, quoted } from "../../platform/errors.ts";

/** The lists whose elements are called by names. */
export type Kind = "tools" | "prompts";

const MOST_PROPOSALS = 3;

/** The names that servers have listed, by the names that the client knows. */
export class Directory {
  readonly #names: Readonly<Record<Kind, Map<string, ReadonlyMap<string, string>>>> = {
    tools: new Map(),
    prompts: new Map(),
  };

  /** A server has listed its names: the server's own by the merged ones. They take the place of what it listed before. */
  learn(kind: Kind, slug: string, names: ReadonlyMap<string, string>): void {
    this.#names[kind].set(slug, names);
  }

  /** What the server calls it, where it has listed it. */
  ownName(kind: Kind, slug: string, merged: string): string | undefined {
    return this.#names[kind].get(slug)?.get(merged);
  }

  /** The error for a name that no server has, with the nearest ones that are listed; `slugs` are the servers there are. */
  async unknown(kind: Kind, merged: string, slugs: readonly string[]): Promise<BridgeError> {
    const { distance } = await import("fastest-levenshtein");
    const known = this.#names[kind].values().flatMap((names) => names.keys());
    const near = [...known].map((name) => ({ name, far: distance(name, merged) }))
      .filter(({ name, far }) => far <= Math.max(3, name.length / 2))
      .sort((a, b) => a.far - b.far || (a.name < b.name ? -1 : 1))
      .slice(0, MOST_PROPOSALS);
    const hint = near.length > 0
      ? `did you mean ${near.map(({ name }) => quoted(name)).join(", ")}?`
      : `names begin with a server and "__"; the servers are ${slugs.join(", ")}`;
    const what = kind === "tools" ? "tool" : "prompt";
    return new BridgeError("not_offered", `no server has a ${what} ${quoted(merged)}`, { hint });
  }
}
