/**
 * The client that the conformance suite starts: `bun driver.ts <server-url>`. It speaks stdio to the executable with a
 * real SDK client and does what the scenario of `MCP_CONFORMANCE_SCENARIO` wants a client to do, in the revision of
 * `MCP_CONFORMANCE_PROTOCOL_VERSION`, or with a handshake whatever the revision where `CLIENT_ERA` is `legacy`. What
 * `BRIDGE_FLAGS` holds, if anything, the executable is started with. It judges nothing: the suite does, by what reaches
 * its server.
 */
import { Client as ModernClient } from "@modelcontextprotocol/client";
import { StdioClientTransport as ModernTransport } from "@modelcontextprotocol/client/stdio";
import { SkillsClient, SkillVerificationError } from "@modelcontextprotocol/client/ext/skills";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { ElicitRequestSchema, type JSONRPCMessage } from "@modelcontextprotocol/sdk/types.js";
import { type Command, commandOf } from "../harness/executable.ts";
import { FakeBrowser } from "../harness/fake_browser.ts";
import { Home } from "../harness/home.ts";
import { SIGN_IN_SCENARIOS } from "./sign_in_scenarios.ts";

const CLIENT_INFO = { name: "mcp-bridge-conformance", version: "1.0.0" };
const MODERN = "2026-07-28";
const LAST_LEGACY = "2025-11-25";

/** What a client starts. */
type Start = Omit<Command, "stderr"> & { stderr: "inherit" };
type AnyClient = Client | ModernClient;
type Tool = { name: string; inputSchema: Record<string, unknown> };
type ToolCall = { name: string; arguments: Record<string, unknown> };

/** Offers `revision` instead of the newest that the SDK knows; apart from that, what the SDK says is said. */
class RevisionTransport extends StdioClientTransport {
  readonly #revision: string;

  constructor(start: Start, revision: string) {
    super(start);
    this.#revision = revision;
  }

  override send(message: JSONRPCMessage): Promise<void> {
    if (!("method" in message) || message.method !== "initialize") return super.send(message);
    return super.send({ ...message, params: { ...message.params, protocolVersion: this.#revision } });
  }
}

async function connectLegacy(start: Start, revision: string): Promise<Client> {
  // The suite wants to see the defaults of a form applied, which the SDK does for a client that asks for it.
  const capabilities = { elicitation: { form: { applyDefaults: true } } };
  const client = new Client(CLIENT_INFO, { capabilities });
  client.setRequestHandler(ElicitRequestSchema, () => ({ action: "accept", content: {} }));
  await client.connect(new RevisionTransport(start, revision < MODERN ? revision : LAST_LEGACY));
  return client;
}

async function connectModern(start: Start, revision: string): Promise<ModernClient> {
  const capabilities = { roots: {}, sampling: {}, elicitation: { form: {} } };
  const mode = revision < MODERN ? "legacy" : { pin: revision };
  const client = new ModernClient(CLIENT_INFO, { capabilities, versionNegotiation: { mode } });
  client.setRequestHandler("elicitation/create", () => ({ action: "accept", content: { confirmed: true } }));
  await client.connect(new ModernTransport(start));
  return client;
}

async function toolsOf(client: AnyClient): Promise<Tool[]> {
  return (await client.listTools()).tools;
}

async function callSingleTool(client: AnyClient): Promise<void> {
  const [tool] = await toolsOf(client);
  await client.callTool({ name: tool!.name, arguments: {} });
}

async function addNumbers(client: AnyClient): Promise<void> {
  await client.listTools();
  await client.callTool({ name: "add_numbers", arguments: { a: 5, b: 3 } });
}

async function echoSchema(client: AnyClient): Promise<void> {
  const tool = (await toolsOf(client)).find(({ name }) => name === "json_schema_2020_12_tool");
  await client.callTool({ name: "json_schema_echo", arguments: { schema: tool!.inputSchema } });
}

/** All at once, since the suite looks for what one call was asked to answer in the answers of another. */
async function callInteractiveTools(client: AnyClient): Promise<void> {
  await Promise.all((await toolsOf(client)).map(async ({ name }) => {
    const call = client.callTool({ name, arguments: {} });
    // The SDK refuses a result without its type, which the suite tries; what counts is that it does not ask again.
    await (name === "test_mrtr_no_result_type" ? call.catch(() => {}) : call);
  }));
}

async function useEverything(client: AnyClient): Promise<void> {
  for (const { name } of await toolsOf(client)) await client.callTool({ name, arguments: {} });
  for (const { uri } of (await client.listResources()).resources) await client.readResource({ uri });
  for (const { name } of (await client.listPrompts()).prompts) await client.getPrompt({ name });
}

async function callAsTold(client: AnyClient): Promise<void> {
  await client.listTools();
  const context: { toolCalls: ToolCall[] } = JSON.parse(
    process.env.MCP_CONFORMANCE_CONTEXT ?? '{"toolCalls":[]}',
  );
  for (const call of context.toolCalls) await client.callTool(call);
}

/** A tool that may not be used must not be in the list: a client on stdio knows nothing of headers and calls them all. */
async function callAllTools(client: AnyClient): Promise<void> {
  for (const { name, inputSchema } of await toolsOf(client)) {
    const properties = Object.keys(inputSchema.properties ?? {});
    await client.callTool({
      name,
      arguments: Object.fromEntries(properties.map((property) => [property, "value"])),
    });
  }
}

/** A client of the handshake's era knows no such request; whoever speaks for it has made one. */
async function discover(client: AnyClient): Promise<void> {
  if (client instanceof ModernClient) await client.discover();
  else await client.listTools();
}

async function listTools(client: AnyClient): Promise<void> {
  await client.listTools();
}

async function listSkills(client: AnyClient): Promise<void> {
  await new SkillsClient(client as ModernClient).list();
}

async function readSkill(client: AnyClient): Promise<void> {
  const skills = new SkillsClient(client as ModernClient);
  const [skill] = (await skills.list()).skills;
  try {
    await skills.read(skill!);
  } catch (error) {
    if (error instanceof SkillVerificationError) return;
    throw error;
  }
  throw new Error("A skill that was tampered with has been taken");
}

async function useTestTool(client: AnyClient): Promise<void> {
  await client.listTools();
  await client.callTool({ name: "test-tool", arguments: {} });
}

/** Settles when what a client tried was refused, as it should be. */
async function refusal(tried: Promise<void>): Promise<void> {
  const wasDone = await tried.then(() => true, () => false);
  if (wasDone) throw new Error("The client was served, though the sign-in should have come to nothing");
}

/** How a client plays a scenario. Those of the skills extension need the v2 client in each revision. */
const SCENARIOS: Record<string, { play: (client: AnyClient) => Promise<void>; skills?: boolean }> = {
  "initialize": { play: listTools },
  "tools_call": { play: addNumbers },
  "elicitation-sep1034-client-defaults": { play: callSingleTool },
  "sse-retry": { play: callSingleTool },
  "request-metadata": { play: discover },
  "sep-2322-client-request-state": { play: callInteractiveTools },
  "http-standard-headers": { play: useEverything },
  "http-custom-headers": { play: callAsTold },
  "http-invalid-tool-headers": { play: callAllTools },
  "json-schema-ref-no-deref": { play: listTools },
  "json-schema-2020-12-preservation": { play: echoSchema },
  "sep-2640-client-no-prefetch": { play: listSkills, skills: true },
  "sep-2640-client-verify-digest": { play: readSkill, skills: true },
  "sep-2640-client-verify-size": { play: readSkill, skills: true },
  "sep-2640-client-verify-frontmatter": { play: readSkill, skills: true },
};

if (import.meta.main) {
  const scenario = process.env.MCP_CONFORMANCE_SCENARIO ?? "";
  const revision = process.env.MCP_CONFORMANCE_PROTOCOL_VERSION ?? MODERN;
  const signIn = SIGN_IN_SCENARIOS.find(({ name }) => name === scenario);
  const part = signIn === undefined ? SCENARIOS[scenario] : { play: useTestTool };
  if (!part) throw new Error(`Cannot play the scenario: "${scenario}" is unknown`);
  using home = new Home();
  using browser = signIn === undefined ? FakeBrowser.forbidden() : new FakeBrowser();
  const context = JSON.parse(process.env.MCP_CONFORMANCE_CONTEXT ?? "{}");
  const flags = process.env.BRIDGE_FLAGS?.split(" ") ?? signIn?.flags?.(context, home.folder) ?? [];
  const { command, args, env } = commandOf(home, process.argv[2]!, ...flags);
  // What the executable says on stderr stands in the report of the suite.
  const start: Start = { command, args, env: { ...env, ...browser.env }, stderr: "inherit" };
  const speaksLegacy = process.env.CLIENT_ERA === "legacy";
  const connect = !speaksLegacy && (part.skills || revision >= MODERN) ? connectModern : connectLegacy;
  const played = connect(start, revision).then(async (client) => {
    try {
      await part.play(client);
    } finally {
      await client.close();
    }
  });
  if (signIn?.refused) await refusal(played);
  else await played;
}
