/** The requests of clients that MCP knows, in both eras; what else a client asks for is its own invention. */
const METHODS: ReadonlySet<string> = new Set([
  "initialize",
  "ping",
  "server/discover",
  "tools/list",
  "tools/call",
  "prompts/list",
  "prompts/get",
  "resources/list",
  "resources/templates/list",
  "resources/read",
  "resources/subscribe",
  "resources/unsubscribe",
  "completion/complete",
  "logging/setLevel",
  "subscriptions/listen",
  "tasks/get",
  "tasks/result",
  "tasks/list",
  "tasks/update",
  "tasks/cancel",
]);

/** A method as it is counted: clients make up no more names than there are. */
export function countedMethod(method: string): string {
  return METHODS.has(method) ? method : "other";
}
