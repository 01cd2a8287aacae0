import { type Cure, curesFor, type WantedCures } from "../bridge/client_cures.ts";
import { MergedLists, type MergedListsOptions } from "../bridge/merged_lists.ts";
import type { Neighbours, Stage } from "../bridge/stage.ts";
import { TextCures } from "../bridge/text_cures.ts";
import { ToolFilter } from "../bridge/tool_filter.ts";
import type { Message } from "../transport/message.ts";

/** What a person wants between the client and the pump. */
export interface ClientSideSettings {
  /** The tools to take out, by globs of their names. */
  readonly ignoredTools: readonly string[];
  readonly cures: WantedCures;
}

/** Makes one stage between its neighbours. */
export type StageMaker = (neighbours: Neighbours) => Stage;

/**
 * The stages that a client needs, the one nearest to it first; most need none. Who the client is stands in its first
 * message: in `initialize`, and in each request from 2026-07-28 on.
 */
export function stagesFor(
  { ignoredTools, cures: wanted }: ClientSideSettings,
  first: Message | undefined,
  parts: Omit<MergedListsOptions, keyof Neighbours>,
): StageMaker[] {
  const client = first?.stringParam("clientInfo", "name") ??
    first?.stringParam("_meta", "io.modelcontextprotocol/clientInfo", "name");
  const cures: ReadonlySet<Cure> = curesFor(wanted, client);
  const nullArguments = cures.has("null-arguments");
  const lineSeparators = cures.has("line-separators");
  const stages: StageMaker[] = [];
  if (nullArguments || lineSeparators) {
    stages.push((neighbours) => new TextCures({ ...neighbours, nullArguments, lineSeparators }));
  }
  if (ignoredTools.length > 0) {
    stages.push((neighbours) => new ToolFilter({ ...neighbours, globs: ignoredTools, server: parts.server }));
  }
  if (cures.has("merge-lists")) stages.push((neighbours) => new MergedLists({ ...neighbours, ...parts }));
  if (cures.size > 0) {
    parts.notify({ level: "debug", text: `the client gets the cures ${[...cures].join(", ")}` });
  }
  return stages;
}
