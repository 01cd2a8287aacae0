/** All that a server offers in the conformance tests. */
import { McpServer, type RequestStateCodec } from "@modelcontextprotocol/server";
import type { Log } from "../harness/log.ts";
import type { Change, Changes } from "./changes.ts";
import { offerQuestions } from "./offered_questions.ts";
import { offerPrompts, offerResources, offerSubscriptions } from "./offered_reading.ts";
import { SKILLS } from "./offered_skills.ts";
import { offerTools, offerWait, type Wait } from "./offered_tools.ts";

/** What the servers of one address have in common: revision 2026-07-28 has a new one for each request. */
export interface Common {
  readonly changes: Changes;
  readonly waits: Log<Wait>;
  /** Seals what a client is to send back unread. */
  readonly states: RequestStateCodec<string>;
}

/** Makes a server for one session of the handshake's era, or for one request from 2026-07-28 on. */
export function referenceServer(era: "legacy" | "modern", { changes, states, waits }: Common): McpServer {
  const server = new McpServer({ name: "dual-era", version: "1.0.0" }, {
    capabilities: { logging: {}, resources: { subscribe: true, listChanged: true }, completions: {} },
    instructions: "Call what the conformance suite calls.",
    requestState: { verify: states.verify },
  });
  const deafen: (() => void)[] = [];
  function follow(then: (change: Change) => void): void {
    // Nobody hears a server that is there for one request.
    if (era === "legacy") deafen.push(changes.listen(then));
  }
  offerTools(server, changes, follow);
  offerWait(server, waits);
  offerQuestions(server, states);
  offerResources(server);
  offerPrompts(server, changes, follow);
  SKILLS.attach(server);
  if (era === "legacy") offerSubscriptions(server, follow);
  server.server.onclose = (): void => deafen.forEach((stop) => stop());
  return server;
}
