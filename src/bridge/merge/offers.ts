import { composeMessage, type Message } from "../../transport/message.ts";
import { claimedRevision } from "../../transport/request_headers.ts";
import { isObject, resultAnswer } from "../answers.ts";
import { agreedRevision, firstRevision, readOffer, senderOf } from "../era/discovery.ts";
import type { Branch } from "./branch.ts";
import type { Outcome } from "./fan_out.ts";
import { Freshness } from "./freshness.ts";

/** Who answers for several servers. */
export interface ServerInfo {
  readonly name: string;
  readonly version: string;
}

/** All that servers behind us can have; what they do not have is an empty list, or an error by name. */
const CAPABILITIES = {
  tools: { listChanged: true },
  prompts: { listChanged: true },
  resources: { subscribe: true, listChanged: true },
  completions: {},
  logging: {},
  // Whether a tool makes tasks, its own entry says. Lists of tasks are not merged.
  tasks: { cancel: {}, requests: { tools: { call: {} } } },
};
/** Extensions that need us to pass things on, and whose things are passed on. */
const EXTENSIONS = ["io.modelcontextprotocol/tasks", "io.modelcontextprotocol/ui"];

/** The answer to a client's handshake, which waits for no server. */
export function mergedInitializeResult(initialize: Message, serverInfo: ServerInfo): Message {
  const result = { protocolVersion: agreedRevision(initialize), capabilities: CAPABILITIES, serverInfo };
  return resultAnswer(initialize.id!, JSON.stringify(result));
}

/** What one server offers without a handshake. */
export interface BranchOffer {
  readonly branch: Branch;
  readonly answer: Message;
  readonly capabilities: Readonly<Record<string, unknown>>;
  readonly instructions: string | undefined;
}

/** Reads the offers of those servers that do without a handshake. */
export function offersOf(outcomes: readonly Outcome[]): BranchOffer[] {
  return outcomes.flatMap((outcome) => {
    if (outcome.kind !== "answered") return [];
    const offer = readOffer(outcome.answer);
    return offer === undefined ? [] : [{ branch: outcome.branch, answer: outcome.answer, ...offer }];
  });
}

/** The answer to `server/discover` by what the servers offer; `isWhole` says whether all of them are in it. */
export function mergedDiscoverResult(
  request: Message,
  offers: readonly BranchOffer[],
  serverInfo: ServerInfo,
  isWhole: boolean,
): Message {
  const freshness = new Freshness();
  for (const { answer } of offers) freshness.add(answer);
  if (!isWhole) freshness.addNothing();
  const instructions = offers.flatMap(({ branch, instructions }) =>
    instructions === undefined ? [] : [`${branch.slug}: ${instructions}`]
  );
  const result = JSON.stringify({
    resultType: "complete",
    supportedVersions: [firstRevision()],
    capabilities: mergedCapabilities(offers.map(({ capabilities }) => capabilities)),
    ...(instructions.length === 0 ? {} : { instructions: instructions.join("\n\n") }),
    _meta: { "io.modelcontextprotocol/serverInfo": serverInfo },
  });
  return resultAnswer(request.id!, `${result.slice(0, -1)},${freshness.members()}}`);
}

/** What any of the servers has, of what we can pass on. */
function mergedCapabilities(all: readonly Readonly<Record<string, unknown>>[]): Record<string, unknown> {
  const merged: Record<string, Record<string, unknown>> = {};
  for (const capabilities of all) {
    for (const name of Object.keys(CAPABILITIES)) {
      const offered = capabilities[name];
      if (!isObject(offered)) continue;
      const flags = Object.entries(offered).filter(([, value]) => value === true);
      merged[name] = { ...merged[name], ...Object.fromEntries(flags) };
    }
    const { extensions } = capabilities;
    const passed = EXTENSIONS.filter((name) => isObject(extensions) && isObject(extensions[name]));
    if (passed.length > 0) {
      merged["extensions"] = { ...merged["extensions"], ...Object.fromEntries(passed.map((name) => [name, {}])) };
    }
  }
  return merged;
}

/** A request of ours in the name of the client's `request`: under its id, and it says of its sender what that one says. */
export function inTheNameOf(request: Message, method: string): Message {
  const own = composeMessage({ id: 0, method, params: {} }).withId(request.id!);
  const isModern = claimedRevision(request) !== undefined;
  return isModern ? own.withParam("_meta", JSON.stringify(senderOf(request))) : own;
}
