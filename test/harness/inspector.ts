/** The MCP Inspector's command line, one call for each question, as a script would use it. */
import { commandOf } from "./executable.ts";
import { Home } from "./home.ts";

const ENTRY = Bun.resolveSync(
  "@modelcontextprotocol/inspector/clients/launcher/build/index.js",
  import.meta.dir,
);

/** Asks one `method` of the executable in front of `url` and gives the answer. Throws with stderr when it fails. */
export async function inspect(url: string, method: string, ...options: string[]): Promise<unknown> {
  using home = new Home();
  const { command, args, env } = commandOf(home, url);
  return await run(home, [
    command,
    ...args,
    // The inspector does not hand its own environment down to the process that it starts.
    ...Object.entries(env).filter(([name]) => name.startsWith("MCP_BRIDGE_")).flatMap((
      [name, value],
    ) => ["-e", `${name}=${value}`]),
    "--format",
    "json",
    "--method",
    method,
    ...options,
  ]);
}

/** Asks one `method` of the server at `url`, over HTTP and with headers. Throws with stderr when it fails. */
export async function inspectOverHttp(
  url: string,
  headers: Readonly<Record<string, string>>,
  method: string,
  ...options: string[]
): Promise<unknown> {
  using home = new Home();
  const named = Object.entries(headers).flatMap(([name, value]) => ["--header", `${name}: ${value}`]);
  return await run(home, [url, "--transport", "http", ...named, "--format", "json", "--method", method, ...options]);
}

async function run(home: Home, words: readonly string[]): Promise<unknown> {
  const inspector = Bun.spawn([process.execPath, ENTRY, "--cli", ...words], {
    cwd: home.folder,
    env: home.env,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr, code] = await Promise.all([
    new Response(inspector.stdout).text(),
    new Response(inspector.stderr).text(),
    inspector.exited,
  ]);
  if (code !== 0) throw new Error(`The inspector ended with ${code}:\n${stderr}`);
  return JSON.parse(stdout).result;
}
