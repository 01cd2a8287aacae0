import { Command, CommanderError } from "commander";
import { BridgeError, toBridgeError } from "../platform/errors.ts";
import { describeConnect } from "./connect.ts";
import { printAnswer, printError } from "./print.ts";

declare const BUILD_VERSION: string | undefined;

/** The version that was built in; a run from the sources has none. */
const VERSION = typeof BUILD_VERSION === "string" ? BUILD_VERSION : "0.0.0-source";

/** Wrong words: nothing was done. */
const WRONG_USE = 2;
const FAILED = 1;

/** Runs the command line `words` (without the program's name) and settles with the exit code. */
export async function runProgram(words: readonly string[]): Promise<number> {
  let exitCode = 0;
  const program = new Command("mcp-bridge")
    .description("Connects a local MCP client on stdio to a remote MCP server.")
    .version(VERSION, "--version", "print the version")
    .helpOption("--help", "print this help")
    .showSuggestionAfterError(true)
    .exitOverride()
    .configureOutput({ writeOut: printAnswer, writeErr: () => {} })
    .addHelpText("after", EXAMPLES);
  describeConnect(program, (code) => exitCode = code);
  try {
    await program.parseAsync([...words], { from: "user" });
    return exitCode;
  } catch (thrown) {
    if (thrown instanceof CommanderError) return judge(thrown);
    const error = toBridgeError(thrown);
    printError(error);
    return error.code === "internal" ? FAILED : WRONG_USE;
  }
}

const EXAMPLES = `
Examples:
  mcp-bridge https://mcp.example.com/mcp
  mcp-bridge https://mcp.example.com/mcp --header 'X-Api-Key: \${MY_KEY}'
  mcp-bridge http://127.0.0.1:3000/mcp --debug
`;

function judge(thrown: CommanderError): number {
  if (thrown.exitCode === 0) return 0;
  const [message, suggestion] = thrown.message.replace(/^error: /, "").replaceAll("'", '"').split("\n");
  const hint = suggestion?.replace(/^\((.*)\)$/, "$1").replace(/^Did you mean (.*)\?$/, 'did you mean "$1"?');
  printError(
    new BridgeError("bad_argument", message!, {
      hint: hint ?? 'run "mcp-bridge --help" for what can be said',
    }),
  );
  return WRONG_USE;
}
