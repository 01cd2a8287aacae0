import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { commandOf } from "../../test/harness/executable.ts";
import { FakeBrowser } from "../../test/harness/fake_browser.ts";
import { Home } from "../../test/harness/home.ts";
import manifest from "../../package.json" with { type: "json" };
import { BridgeProcess } from "./bridge_process.ts";
import { Harbourmaster } from "./harbourmaster.ts";
import type { Page } from "./page.ts";
import { answer, QUESTION, request, type Scene, timed } from "./scene.ts";
import { SHIPYARD, Shipyard } from "./shipyard.ts";
import { again, connect, renew } from "./sign_in.ts";

/** A step that went wrong: its name, why, and the last words of the bridge. */
export class StepFailure extends Error {
  /** What the bridge said last, if it said anything. */
  readonly lastWords: string | undefined;

  constructor(step: string, cause: unknown, lastWords: string | undefined) {
    super(`the step "${step}" failed: ${cause instanceof Error ? cause.message : cause}`, { cause });
    this.lastWords = lastWords;
  }
}

const STEP_MS = 20_000;
const ORDER = { name: "publish_release", arguments: { version: "4.2.0" } };
/** The steps of each process, by their names. */
const ACTS = [{ server: warmUp, connect, list, call, progress, push, close }, { again, renew, close }];

/**
 * Tells on `page` what a client, the bridge and those beyond it say to each other, while they do. All that it draws was
 * seen at one of the ends. Throws a `StepFailure`, or the signal's reason; either way nothing is left running.
 */
export async function tell(page: Page, executable: string, signal: AbortSignal): Promise<void> {
  using home = new Home();
  using harbourmaster = new Harbourmaster();
  await using shipyard = new Shipyard(harbourmaster);
  using browser = new FakeBrowser();
  // A keychain is the person's own, and not for a demo to write to.
  const env = { ...home.env, ...browser.env, MCP_BRIDGE_VAULT_KEY: "file" };
  const command = { ...commandOf(home, shipyard.url), command: executable, env };
  for (const steps of ACTS) {
    await using bridge = new BridgeProcess(command);
    const client = newClient();
    for (const [name, step] of Object.entries(steps)) {
      const enough = AbortSignal.any([signal, AbortSignal.timeout(STEP_MS)]);
      const scene = { page, home, shipyard, harbourmaster, browser, bridge, client, enough };
      try {
        await orUntil(enough, () => step(scene));
      } catch (cause) {
        signal.throwIfAborted();
        throw new StepFailure(name, cause, bridge.words.items.at(-1));
      }
    }
  }
}

/** The SDK compiles its schemas at first use, on both sides; timed below, that would pass for the bridge's doing. */
async function warmUp({ page, shipyard, harbourmaster }: Scene): Promise<void> {
  const start = performance.now();
  const { host } = new URL(shipyard.url);
  page.begin("server", `${SHIPYARD.name} ${SHIPYARD.version} on ${host}, tried once without a bridge`);
  const { access } = harbourmaster.issue({ resources: [shipyard.url] });
  const transport = new StreamableHTTPClientTransport(new URL(shipyard.url), {
    requestInit: { headers: { authorization: `Bearer ${access}` } },
  });
  const client = newClient();
  await Promise.all([client.connect(transport), shipyard.visits.next({ method: "GET" })]);
  await client.listTools();
  await client.callTool(QUESTION);
  await transport.terminateSession();
  await client.close();
  page.done(performance.now() - start);
}

async function list({ page, shipyard, client }: Scene): Promise<void> {
  const start = performance.now();
  const [[{ tools }, answered], visit] = await Promise.all([
    timed(client.listTools()),
    shipyard.visits.next({ message: "tools/list" }),
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
    shipyard.visits.next({ message: "tools/call" }),
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
    shipyard.visits.next({ message: "tools/call" }).then((visit) => {
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
    shipyard.visits.next({ method: "DELETE" }),
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

function newClient(): Client {
  return new Client({ name: "mcp-bridge-demo", version: manifest.version });
}

function textOf({ content }: Awaited<ReturnType<Client["callTool"]>>): string {
  return content.map((part) => part.type === "text" ? part.text : part.type).join("\n");
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
