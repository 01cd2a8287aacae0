import { type Cure, curesFor, type WantedCures } from "../bridge/client_cures.ts";
import { MergedLists, type MergedListsOptions } from "../bridge/merged_lists.ts";
import type { ClientListener, Neighbours, Stage } from "../bridge/stage.ts";
import { TextCures } from "../bridge/text_cures.ts";
import { ToolFilter } from "../bridge/tool_filter.ts";
import type { LocalEnd } from "../transport/channel.ts";
import type { Message } from "../transport/message.ts";

/** What a person wants between the client and the pump. */
export interface ClientSideSettings {
  /** The tools to take out, by globs of their names. */
  readonly ignoredTools: readonly string[];
  /** The tools that stay, less those, likewise; all where none is named. */
  readonly allowedTools?: readonly string[];
  readonly cures: WantedCures;
}

/** What the client's side is made of. */
export interface ClientSideOptions extends Omit<MergedListsOptions, keyof Neighbours> {
  readonly local: LocalEnd;
  readonly pump: ClientListener;
  readonly settings: ClientSideSettings;
}

/**
 * What the pump has for a client: the local end, with the stages before it that this client needs; most need none. Who
 * the client is stands in its first request: in `initialize`, and in each request from 2026-07-28 on.
 */
export class ClientSide implements LocalEnd, ClientListener {
  readonly #options: ClientSideOptions;
  #isKnown = false;
  #entry: ClientListener;
  #exit: LocalEnd;

  constructor(options: ClientSideOptions) {
    this.#options = options;
    this.#entry = options.pump;
    this.#exit = options.local;
  }

  fromClient(message: Message): Promise<void> | undefined {
    if (!this.#isKnown && message.kind === "request") this.#meet(message);
    return this.#entry.fromClient(message);
  }

  send(message: Message, causedBy?: string): Promise<void> | undefined {
    return this.#exit.send(message, causedBy);
  }

  close(deadline: number): Promise<void> {
    return this.#options.local.close(deadline);
  }

  /** Puts the stages in place, the one nearest to the client first. */
  #meet(first: Message): void {
    this.#isKnown = true;
    const stages: Stage[] = [];
    for (const make of stagesFor(this.#options.settings, first, this.#options)) {
      const next = stages.length + 1;
      const onward: Neighbours["onward"] = (message) => (stages[next] ?? this.#options.pump).fromClient(message);
      const stage = make({ client: this.#exit, onward });
      stages.push(stage);
      this.#exit = stage;
    }
    this.#entry = stages[0] ?? this.#options.pump;
  }
}

type StageMaker = (neighbours: Neighbours) => Stage;

function stagesFor(
  { ignoredTools, allowedTools = [], cures: wanted }: ClientSideSettings,
  first: Message,
  parts: Omit<MergedListsOptions, keyof Neighbours>,
): StageMaker[] {
  const client = first.stringParam("clientInfo", "name") ??
    first.stringParam("_meta", "io.modelcontextprotocol/clientInfo", "name");
  const cures: ReadonlySet<Cure> = curesFor(wanted, client);
  const nullArguments = cures.has("null-arguments");
  const lineSeparators = cures.has("line-separators");
  const stages: StageMaker[] = [];
  if (nullArguments || lineSeparators) {
    stages.push((neighbours) => new TextCures({ ...neighbours, nullArguments, lineSeparators }));
  }
  if (ignoredTools.length > 0 || allowedTools.length > 0) {
    const tools = { globs: ignoredTools, allowed: allowedTools };
    stages.push((neighbours) => new ToolFilter({ ...neighbours, ...tools, server: parts.server }));
  }
  if (cures.has("merge-lists")) stages.push((neighbours) => new MergedLists({ ...neighbours, ...parts }));
  if (cures.size > 0) {
    parts.notify({ level: "debug", text: `the client gets the cures ${[...cures].join(", ")}` });
  }
  return stages;
}
