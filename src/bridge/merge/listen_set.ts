import { isObject } from "../answers.ts";
import { composeMessage, type Message } from "../../transport/message.ts";
import type { ListKind } from "./lists.ts";
import { mergedUri, readMergedUri } from "./uris.ts";

/** What a `subscriptions/listen` asks for, or a server grants: flags, and the URIs of resources. */
export interface ListenSet {
  readonly flags: readonly string[];
  readonly uris: readonly string[];
}

const RESOURCES = "resourceSubscriptions";
const FLAGS: Readonly<Record<ListKind, string>> = {
  tools: "toolsListChanged",
  prompts: "promptsListChanged",
  resources: "resourcesListChanged",
};

/** Reads the set that a message names. */
export function readListenSet(message: Message): ListenSet {
  const raw: unknown = JSON.parse(message.param("notifications") ?? "{}");
  const set = isObject(raw) ? raw : {};
  const uris = set[RESOURCES];
  return {
    flags: Object.keys(set).filter((name) => set[name] === true),
    uris: Array.isArray(uris) ? uris.filter((uri) => typeof uri === "string") : [],
  };
}

/** A set as raw text. */
export function listenSetText({ flags, uris }: ListenSet): string {
  const members = flags.map((flag) => [flag, true] as const);
  return JSON.stringify({ ...Object.fromEntries(members), ...(uris.length === 0 ? {} : { [RESOURCES]: uris }) });
}

/** What of a client's set concerns one server, in its own words; nothing where nothing does. */
export function partFor(slug: string, set: ListenSet): ListenSet | undefined {
  const uris = set.uris.flatMap((uri) => {
    const parts = readMergedUri(uri);
    return parts?.slug === slug ? [parts.uri] : [];
  });
  return set.flags.length + uris.length === 0 ? undefined : { flags: set.flags, uris };
}

/** A server's set in the client's words, joined with what others have granted. */
export function withGrant(granted: ListenSet, slug: string, grant: ListenSet): ListenSet {
  return {
    flags: [...new Set([...granted.flags, ...grant.flags])],
    uris: [...new Set([...granted.uris, ...grant.uris.map((uri) => mergedUri(slug, uri))])],
  };
}

/** Whether a set holds news of a list. */
export function hasKind(set: ListenSet, kind: ListKind): boolean {
  return set.flags.includes(FLAGS[kind]);
}

/** The kinds of lists that there is news of. */
export const LIST_KINDS: readonly ListKind[] = ["tools", "prompts", "resources"];

/** Says that a list has changed. */
export function listChanged(kind: ListKind): Message {
  return composeMessage({ method: `notifications/${kind}/list_changed` });
}
