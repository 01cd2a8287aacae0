import { Command, Option } from "commander";
import type { ConnectSettings } from "../app/connect.ts";
import { readMebibytes, readSeconds, readServerUrl } from "./arguments.ts";
import { readHeaders } from "./headers.ts";
import { noticePrinter } from "./print.ts";

interface ConnectOptions {
  header: string[];
  headerFile: string[];
  allowHttp?: true;
  connectTimeout: string;
  headersTimeout: string;
  bodyTimeout: string;
  timeout: string;
  signInGrace: string;
  maxMessage: string;
  debug?: true;
  silent?: true;
}

/** Describes `mcp-bridge <url>`; `onexitcode` receives the exit code when the bridge has ended. */
export function describeConnect(command: Command, onexitcode: (exitCode: number) => void): void {
  command
    .argument("<url>", "the remote MCP server, such as https://mcp.example.com/mcp")
    .addOption(
      repeatable(
        "--header <line>",
        'send "Name: value" with every request; ${VAR} is taken from the environment',
      ),
    )
    .addOption(repeatable("--header-file <file>", "read headers from a file, one a line, # for comments"))
    .option("--allow-http", "allow plain http beyond this machine, on a network that you trust")
    .option("--connect-timeout <seconds>", "give up connecting after this long", "10")
    .option("--headers-timeout <seconds>", "give up waiting for an answer to begin, 0 for never", "0")
    .option("--body-timeout <seconds>", "give up an answer that began and fell silent, 0 for never", "300")
    .option("--timeout <seconds>", "give up a request this long after it came, 0 for never", "0")
    .option(
      "--sign-in-grace <seconds>",
      "leave a host this long without an answer to its first request",
      "20",
    )
    .option("--max-message <mib>", "refuse messages beyond this size", "64")
    .option("--debug", "say on standard error what happens")
    .option("--silent", "say nothing but errors")
    .action(async (url: string, options: ConnectOptions) => onexitcode(await run(url, options)));
}

function repeatable(flags: string, description: string): Option {
  return new Option(flags, description).default([], "").argParser((
    value,
    previous: string[],
  ) => [...previous, value]);
}

async function run(url: string, options: ConnectOptions): Promise<number> {
  const settings = readSettings(url, options);
  const { connect } = await import("../app/connect.ts");
  return connect(settings, {
    input: Bun.stdin.stream(),
    output: Bun.stdout.writer(),
    notify: noticePrinter(options.debug ? "debug" : options.silent ? "silent" : "info"),
  });
}

function readSettings(url: string, options: ConnectOptions): ConnectSettings {
  return {
    url: readServerUrl(url, options.allowHttp === true),
    headers: readHeaders(options.header, options.headerFile, process.env),
    connectTimeout: readSeconds("--connect-timeout", options.connectTimeout),
    headersTimeout: readSeconds("--headers-timeout", options.headersTimeout),
    bodyTimeout: readSeconds("--body-timeout", options.bodyTimeout),
    timeout: readSeconds("--timeout", options.timeout),
    grace: readSeconds("--sign-in-grace", options.signInGrace),
    maxMessage: readMebibytes("--max-message", options.maxMessage),
  };
}
