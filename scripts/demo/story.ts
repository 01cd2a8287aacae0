import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { commandOf } from "../../test/harness/executable.ts";
import { Home } from "../../test/harness/home.ts";
import manifest from "../../package.json" with { type: "json" };
import { BridgeProcess } from "./bridge_process.ts";
import type { Page } from "./page.ts";
import { SHIPYARD, Shipyard, type Visit } from "./shipyard.ts";

/** A step that went wrong: its name, why, and the last words of the bridge. */
export class StepFailure extends Error {
  /** What the bridge said last, if it said anything. */
  readonly lastWords: string | undefined;

  constructor(step: string, cause: unknown, lastWords: string | undefined) {
    super(`the step "${step}" failed: ${cause instanceof Error ? cause.message : cause}`, { cause });
    this.lastWords = lastWords;
  }
}

interface Scene {
  readonly page: Page;
  readonly shipyard: Shipyard;
  readonly bridge: BridgeProcess;
  readonly client: Client;
  /** Aborted when the step has to stop. */
  readonly enough: AbortSignal;
}

const STEP_MS = 20_000;
const QUESTION = { name: "find_issues", arguments: { label: "crash" } };
const ORDER = { name: "publish_release", arguments: { version: "4.2.0" } };
const STEPS = { server: warmUp, connect, list, call, progress, push, close };

/**
 * Tells on `page` what a client, the bridge and a server say to each other, while they do. All that it draws was seen
 * at one of the two ends. Throws a `StepFailure`, or the signal's reason; either way nothing is left running.
 */
export async function tell(page: Page, executable: string, signal: AbortSignal): Promise<void> {
  using home = new Home();
  await using shipyard = new Shipyard();
  await using bridge = new BridgeProcess({ ...commandOf(home, shipyard.url), command: executable });
  const client = newClient();
  for (const [name, step] of Object.entries(STEPS)) {
    const enough = AbortSignal.any([signal, AbortSignal.timeout(STEP_MS)]);
    try {
      await orUntil(enough, () => step({ page, shipyard, bridge, client, enough }));
    } catch (cause) {
      signal.throwIfAborted();
      throw new StepFailure(name, cause, bridge.words.items.at(-1));
    }
  }
}

/** The SDK compiles its schemas at first use, on both sides; timed below, that would pass for the bridge's doing. */
async function warmUp({ page, shipyard }: Scene): Promise<void> {
  const start = performance.now();
  const { host } = new URL(shipyard.url);
  page.begin("server", `${SHIPYARD.name} ${SHIPYARD.version} on ${host}, tried once without a bridge`);
  const transport = new StreamableHTTPClientTransport(new URL(shipyard.url));
  const client = newClient();
  await Promise.all([client.connect(transport), shipyard.next("GET")]);
  await client.listTools();
  await client.callTool(QUESTION);
  await transport.terminateSession();
  await client.close();
  page.done(performance.now() - start);
}

async function connect({ page, shipyard, bridge, client }: Scene): Promise<void> {
  const start = performance.now();
  const [[, answered], opening, confirmation, stream] = await Promise.all([
    timed(client.connect(bridge)),
    shipyard.next("initialize"),
    shipyard.next("notifications/initialized"),
    shipyard.next("GET"),
  ]);
  page.lanes(
    ["client", `MCP SDK ${manifest.dependencies["@modelcontextprotocol/client"]}, unmodified`],
    ["bridge", `${manifest.name}, process ${bridge.pid}`],
    ["server", SHIPYARD.name],
  );
  page.there({ step: "connect", left: "initialize", right: opening.method, ms: opening.at - start });
  page.back({
    left: `revision ${client.getNegotiatedProtocolVersion()}`,
    right: `session ${short(opening.session)}`,
    ms: answered - start,
  });
  page.there({ left: "notifications/initialized", ...request(confirmation, start) });
  page.there(request(stream, start));
  page.nextStep();
}

async function list({ page, shipyard, client }: Scene): Promise<void> {
  const start = performance.now();
  const [[{ tools }, answered], visit] = await Promise.all([
    timed(client.listTools()),
    shipyard.next("tools/list"),
  ]);
  page.there({ step: "list", left: "tools/list", ...request(visit, start) });
  page.back({ left: `${tools.length} tools`, ...answer(visit), ms: answered - start });
  const column = Math.max(...tools.map(({ name }) => name.length)) + 2;
  page.notes(...tools.map(({ name, description }) => `${name.padEnd(column)}${description}`));
  page.nextStep();
}

async function call({ page, shipyard, client }: Scene): Promise<void> {
  const start = performance.now();
  const [[result, answered], visit] = await Promise.all([
    timed(client.callTool(QUESTION)),
    shipyard.next("tools/call"),
  ]);
  page.there({ step: "call", left: `tools/call ${QUESTION.name}`, ...request(visit, start) });
  page.back({ left: "result", ...answer(visit), ms: answered - start });
  page.notes(...textOf(result).split("\n"));
  page.nextStep();
}

async function progress({ page, shipyard, client, enough }: Scene): Promise<void> {
  const start = performance.now();
  const published = client.callTool(ORDER, {
    signal: enough,
    onprogress: ({ progress, total, message }) => {
      page.back({
        left: `${progress} of ${total}, ${message}`,
        right: "notifications/progress",
        ms: performance.now() - start,
      });
    },
  });
  const [[result, answered], visit] = await Promise.all([
    timed(published),
    shipyard.next("tools/call").then((visit) => {
      page.there({ step: "progress", left: `tools/call ${ORDER.name}`, ...request(visit, start) });
      return visit;
    }),
  ]);
  page.back({ left: "result", ...answer(visit), ms: answered - start });
  page.notes(textOf(result));
  page.nextStep();
}

async function push({ page, shipyard, client }: Scene): Promise<void> {
  const heard = new Promise<void>((resolve) => {
    client.setNotificationHandler("notifications/tools/list_changed", () => resolve());
  });
  const start = performance.now();
  shipyard.offerWithdrawal();
  const [, arrived] = await timed(heard);
  page.back({ step: "push", left: "tools/list_changed", right: "on the stream of GET", ms: arrived - start });
  const { tools } = await client.listTools();
  page.notes(`asked again, the server lists ${tools.length} tools, among them ${tools.at(-1)!.name}`);
  page.nextStep();
}

async function close({ page, shipyard, bridge, client }: Scene): Promise<void> {
  const start = performance.now();
  const [[exitCode, exited], visit] = await Promise.all([
    timed(client.close().then(() => bridge.exitCode)),
    shipyard.next("DELETE"),
  ]);
  page.there({ step: "close", left: "end of input", ...request(visit, start) });
  page.back({
    left: `exit code ${exitCode}`,
    right: `${visit.status}, ${shipyard.sessions} sessions left`,
    ms: exited - start,
  });
  if (exitCode !== 0) throw new Error(`the process ended with ${exitCode ?? "a signal"}`);
  if (shipyard.sessions !== 0) throw new Error("the session is still open on the server");
}

/** The right half of a request's row. */
function request({ method, session, at }: Visit, start: number): { right: string; ms: number } {
  return { right: `${method}, session ${short(session)}`, ms: at - start };
}

/** The right half of an answer's row. */
function answer({ status, type }: Visit): { right: string } {
  return { right: `${status}, ${type}` };
}

function short(session: string | undefined): string {
  return session?.slice(0, 8) ?? "none";
}

function newClient(): Client {
  return new Client({ name: "mcp-bridge-demo", version: manifest.version });
}

function textOf({ content }: Awaited<ReturnType<Client["callTool"]>>): string {
  return content.map((part) => part.type === "text" ? part.text : part.type).join("\n");
}

async function timed<T>(work: Promise<T>): Promise<[result: T, at: number]> {
  return [await work, performance.now()];
}

/** Does the work, unless the signal comes first, whose reason it throws then. */
async function orUntil(signal: AbortSignal, work: () => Promise<void>): Promise<void> {
  signal.throwIfAborted();
  const { promise, reject } = Promise.withResolvers<never>();
  const stop = (): void => reject(signal.reason);
  signal.addEventListener("abort", stop);
  try {
    await Promise.race([work(), promise]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
