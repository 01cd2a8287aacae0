/**
 * The tools that ask the client something. Each is written once, as revision 2026-07-28 wants it: the call comes again
 * with the answers. In the handshake's era the SDK asks by requests of the server's own instead.
 */
import {
  acceptedContent,
  type ElicitRequestFormParams,
  type InputRequest,
  inputRequired,
  inputResponse,
  type McpServer,
  type RequestStateCodec,
  type ServerContext,
} from "@modelcontextprotocol/server";
import { z } from "zod";
import { text } from "./content.ts";
import { type Answer, offer } from "./offer.ts";

type Form = ElicitRequestFormParams["requestedSchema"];

const NAME = z.object({ name: z.string() });
const COLOR = z.object({ color: z.string() });
const OK = z.object({ ok: z.boolean() });

const CONTACT: Form = {
  type: "object",
  properties: {
    username: { type: "string", description: "User's response" },
    email: { type: "string", description: "User's email address" },
  },
  required: ["username", "email"],
};

const DEFAULTS: Form = {
  type: "object",
  properties: {
    name: { type: "string", description: "User name", default: "John Doe" },
    age: { type: "integer", description: "User age", default: 30 },
    score: { type: "number", description: "User score", default: 95.5 },
    status: { type: "string", enum: ["active", "inactive", "pending"], default: "active" },
    verified: { type: "boolean", description: "Verification status", default: true },
  },
  required: [],
};

const OPTIONS = ["option1", "option2", "option3"];
const TITLED = ["First", "Second", "Third"];
const ENUMS: Form = {
  type: "object",
  properties: {
    untitledSingle: { type: "string", enum: OPTIONS },
    titledSingle: { type: "string", oneOf: titled("Option") },
    legacyEnum: {
      type: "string",
      enum: ["opt1", "opt2", "opt3"],
      enumNames: ["Option One", "Option Two", "Option Three"],
    },
    untitledMulti: { type: "array", items: { type: "string", enum: OPTIONS } },
    titledMulti: { type: "array", items: { anyOf: titled("Choice") } },
  },
  required: [],
};

/** Registers them. `states` seals what they want to be told again. */
export function offerQuestions(server: McpServer, states: RequestStateCodec<string>): void {
  offerForms(server);
  offerRounds(server);
  offerStates(server, states);
  offerByCapability(server);
}

/** What the scenarios for revisions up to 2025-11-25 call. */
function offerForms(server: McpServer): void {
  server.registerTool("test_sampling", {
    description: "Asks the client's model",
    inputSchema: z.object({ prompt: z.string() }),
  }, ({ prompt }, { mcpReq }) => {
    const answer = inputResponse(mcpReq.inputResponses, "answer");
    if (answer.kind !== "sampling") return inputRequired({ inputRequests: { answer: sample(prompt, 100) } });
    return text(`LLM response: ${JSON.stringify(answer.result.content)}`);
  });
  server.registerTool("test_elicitation", {
    description: "Asks the person for an address",
    inputSchema: z.object({ message: z.string() }),
  }, ({ message }, context) => askOnce(context, { message, requestedSchema: CONTACT }, "User response:"));
  offer(server, "test_url_elicitation", "Asks the person to visit a page", ({ mcpReq }) => {
    const answer = inputResponse(mcpReq.inputResponses, "visit");
    if (answer.kind === "elicit") return text(`Visit: action=${answer.action}`);
    const page = { url: "https://pay.example/42", message: "Please pay there" };
    return inputRequired({ inputRequests: { "visit": inputRequired.elicitUrl(page) } });
  });
  offer(server, "test_elicitation_sep1034_defaults", "Asks with a default for each kind of field", (context) => {
    return askOnce(context, { message: "Please look this over", requestedSchema: DEFAULTS }, "Elicitation completed:");
  });
  offer(server, "test_elicitation_sep1330_enums", "Asks with each kind of choice", (context) => {
    return askOnce(context, { message: "Please choose", requestedSchema: ENUMS }, "Elicitation completed:");
  });
  offer(server, "test_streaming_elicitation", "Asks on the stream of the call", (context) => {
    return askOnce(context, { message: "Please choose", requestedSchema: ENUMS }, "Elicitation completed:");
  });
}

/** What the scenarios for 2026-07-28 call. */
function offerRounds(server: McpServer): void {
  offer(server, "test_input_required_result_elicitation", "Asks the person for a name", ({ mcpReq }) => {
    const given = acceptedContent(mcpReq.inputResponses, "user_name", NAME);
    if (given !== undefined) return text(`Hello, ${given.name}!`);
    return inputRequired({ inputRequests: { "user_name": ask("What is your name?", NAME) } });
  });
  offer(server, "test_input_required_result_sampling", "Asks the client's model for a capital", ({ mcpReq }) => {
    const answer = inputResponse(mcpReq.inputResponses, "capital_question");
    if (answer.kind === "sampling") return text(JSON.stringify(answer.result.content));
    return inputRequired({ inputRequests: { "capital_question": sample("What is the capital of France?", 100) } });
  });
  offer(server, "test_input_required_result_list_roots", "Asks for the roots", ({ mcpReq }) => {
    const answer = inputResponse(mcpReq.inputResponses, "client_roots");
    if (answer.kind === "roots") return text(`The roots are ${JSON.stringify(answer.roots)}.`);
    return inputRequired({ inputRequests: { "client_roots": inputRequired.listRoots() } });
  });
}

function offerStates(server: McpServer, states: RequestStateCodec<string>): void {
  offer(server, "test_input_required_result_request_state", "Asks and wants its state back", (context) => {
    return confirm(context, states, "state-ok");
  });
  offer(server, "test_input_required_result_tampered_state", "Notices a state that is not its own", (context) => {
    return confirm(context, states, "The state is as it was.");
  });
  offer(server, "test_input_required_result_multiple_inputs", "Asks three things at once", async ({ mcpReq }) => {
    const given = acceptedContent(mcpReq.inputResponses, "user_name", NAME);
    const greeting = inputResponse(mcpReq.inputResponses, "greeting");
    const roots = inputResponse(mcpReq.inputResponses, "client_roots");
    if (given !== undefined && greeting.kind === "sampling" && roots.kind === "roots") {
      return text(`${JSON.stringify(greeting.result.content)}, ${given.name} of ${JSON.stringify(roots.roots)}`);
    }
    return inputRequired({
      inputRequests: {
        "user_name": ask("What is your name?", NAME),
        "greeting": sample("Generate a greeting", 50),
        "client_roots": inputRequired.listRoots(),
      },
      requestState: await states.mint("asked"),
    });
  });
  offer(server, "test_input_required_result_multi_round", "Asks twice, one after the other", async ({ mcpReq }) => {
    // Sealed with each question is what is known so far.
    const name = mcpReq.requestState<string>() || acceptedContent(mcpReq.inputResponses, "step1", NAME)?.name;
    if (name === undefined) {
      return inputRequired({
        inputRequests: { "step1": ask("Step 1: What is your name?", NAME) },
        requestState: await states.mint(""),
      });
    }
    const given = acceptedContent(mcpReq.inputResponses, "step2", COLOR);
    if (given !== undefined) return text(`${name} likes ${given.color}.`);
    return inputRequired({
      inputRequests: { "step2": ask("Step 2: What is your favorite color?", COLOR) },
      requestState: await states.mint(name),
    });
  });
}

function offerByCapability(server: McpServer): void {
  offer(server, "test_input_required_result_capabilities", "Asks only what the client can answer", ({ mcpReq }) => {
    const { elicitation, sampling, roots } = server.server.getClientCapabilities() ?? {};
    const inputRequests: Record<string, InputRequest> = {
      ...(elicitation && { "user_name": ask("What is your name?", NAME) }),
      ...(sampling && { "greeting": sample("Generate a greeting", 50) }),
      ...(roots && { "client_roots": inputRequired.listRoots() }),
    };
    const open = Object.keys(inputRequests).filter((key) =>
      inputResponse(mcpReq.inputResponses, key).kind === "missing"
    );
    return open.length > 0 ? inputRequired({ inputRequests }) : text("There is nothing left to ask.");
  });
  offer(server, "test_missing_capability", "Asks for sampling, whatever the client can do", ({ mcpReq }) => {
    const answer = inputResponse(mcpReq.inputResponses, "answer");
    if (answer.kind === "sampling") return text("The client can do it.");
    return inputRequired({ inputRequests: { "answer": sample("Say anything", 10) } });
  });
}

async function confirm(
  { mcpReq }: ServerContext,
  states: RequestStateCodec<string>,
  confirmed: string,
): Promise<Answer> {
  const given = acceptedContent(mcpReq.inputResponses, "confirm", OK);
  if (given !== undefined && mcpReq.requestState() === "asked") return text(confirmed);
  return inputRequired({
    inputRequests: { "confirm": ask("Please confirm", OK) },
    requestState: await states.mint("asked"),
  });
}

function askOnce({ mcpReq }: ServerContext, form: ElicitRequestFormParams, before: string): Answer {
  const answer = inputResponse(mcpReq.inputResponses, "answer");
  if (answer.kind !== "elicit") return inputRequired({ inputRequests: { "answer": inputRequired.elicit(form) } });
  return text(`${before} action=${answer.action}, content=${JSON.stringify(answer.content ?? {})}`);
}

function ask(message: string, requestedSchema: z.ZodObject): InputRequest {
  return inputRequired.elicit({ message, requestedSchema });
}

function sample(words: string, maxTokens: number): InputRequest {
  return inputRequired.createMessage({
    messages: [{ role: "user", content: { type: "text", text: words } }],
    maxTokens,
  });
}

function titled(noun: string): { const: string; title: string }[] {
  return TITLED.map((ordinal, place) => ({ const: `value${place + 1}`, title: `${ordinal} ${noun}` }));
}
