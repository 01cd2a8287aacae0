/** Starts the endpoints that the bench compares, each before the same far end. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "../../../test/harness/free_port.ts";

const ROOT = join(import.meta.dir, "..", "..", "..");

/** An endpoint that runs. */
export interface RunningEndpoint extends AsyncDisposable {
  readonly url: URL;
  readonly token: string;
  readonly pid: number;
}

/** Our own, with servers by name; the first is behind `/mcp/far`. */
export async function startServe(
  executable: string,
  folder: string,
  servers: Readonly<Record<string, unknown>>,
  path = "/mcp/far",
): Promise<RunningEndpoint> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(join(folder, "servers.json"), JSON.stringify({ mcpServers: servers }), { mode: 0o600 });
  const env = { PATH: process.env["PATH"] ?? "", HOME: folder, MCP_BRIDGE_HOME: folder, MCP_BRIDGE_VAULT_KEY: "file" };
  const port = await freePort();
  const running = await start([executable, "serve", "--port", String(port)], env, port, "/healthz");
  const { stdout } = Bun.spawnSync([executable, "serve", "--show-token"], { env });
  return { ...running, url: new URL(`http://127.0.0.1:${port}${path}`), token: stdout.toString().trim() };
}

/** The bare proxy, compiled as we are. */
export async function startBareProxy(target: string, folder: string): Promise<RunningEndpoint> {
  mkdirSync(folder, { recursive: true });
  const outfile = join(folder, "bare-proxy");
  const words = [
    "build",
    "--compile",
    "--minify",
    "--bytecode",
    "--format=esm",
    join(import.meta.dir, "bare_proxy.ts"),
  ];
  const built = Bun.spawnSync([process.execPath, ...words, "--outfile", outfile], { cwd: ROOT });
  if (!built.success) throw new Error(`the bare proxy does not build: ${built.stderr}`);
  const proxy = Bun.spawn([outfile, target], { stdout: "pipe", stderr: "inherit" });
  const { value } = await proxy.stdout.getReader().read();
  const url = new URL(`http://127.0.0.1:${new TextDecoder().decode(value).trim()}/mcp`);
  return { url, token: "none", pid: proxy.pid, [Symbol.asyncDispose]: () => end(proxy) };
}

/** mcp-hub, whose endpoint speaks HTTP with SSE. */
export async function startHub(target: string, folder: string): Promise<RunningEndpoint> {
  mkdirSync(folder, { recursive: true });
  const config = join(folder, "hub.json");
  writeFileSync(config, JSON.stringify({ mcpServers: { far: { url: target } } }));
  const port = await freePort();
  const program = join(ROOT, "node_modules", "mcp-hub", "dist", "cli.js");
  const env = { PATH: process.env["PATH"] ?? "", HOME: folder, XDG_STATE_HOME: folder, XDG_CONFIG_HOME: folder };
  const running = await start(["node", program, "--port", String(port), "--config", config], env, port, "/api/health");
  const isConnected = async (): Promise<boolean> =>
    (await (await fetch(`http://127.0.0.1:${port}/api/servers`)).text()).includes('"status":"connected"');
  while (!await isConnected()) await Bun.sleep(50);
  return { ...running, url: new URL(`http://127.0.0.1:${port}/mcp`), token: "none" };
}

async function start(
  command: string[],
  env: Record<string, string>,
  port: number,
  health: string,
): Promise<Pick<RunningEndpoint, "pid" | typeof Symbol.asyncDispose>> {
  const process = Bun.spawn(command, { env, stdin: "ignore", stdout: "ignore", stderr: "ignore" });
  while (process.exitCode === null) {
    const answer = await fetch(`http://127.0.0.1:${port}${health}`).catch(() => undefined);
    if (answer?.ok === true) return { pid: process.pid, [Symbol.asyncDispose]: () => end(process) };
    await Bun.sleep(50);
  }
  throw new Error(`${command.join(" ")} ended with ${process.exitCode}`);
}

async function end(process: Bun.Subprocess): Promise<void> {
  process.kill("SIGKILL");
  await process.exited;
}
