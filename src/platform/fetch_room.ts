/** What tells the runtime how many requests its fetch carries at a time; it looks once, before any code of ours runs. */
const VARIABLE = "BUN_CONFIG_MAX_HTTP_REQUESTS";
/** What the runtime takes where nothing is said. */
const USUAL = 256;
/** Requests that are not counted, such as those to authorization servers, need room beside those that are. */
const SPARE = 64;

/** How many requests may be carried by fetch at a time; what goes beyond waits there for ever. */
export function fetchRoom(env: NodeJS.ProcessEnv = process.env): number {
  const most = Number(env[VARIABLE]);
  return (Number.isSafeInteger(most) && most > USUAL ? most : USUAL) - SPARE;
}

/**
 * Starts this executable anew in the same process, with room for `requests` by fetch; comes back where it has that
 * already, or the system cannot (Windows), and then `node:http` carries what goes beyond, at half again the memory.
 */
export function ensureFetchRoom(requests: number): void {
  if (fetchRoom() >= requests || !isCompiled()) return;
  const { env, execPath, argv } = process;
  try {
    process.execve?.(execPath, [execPath, ...argv.slice(2)], { ...env, [VARIABLE]: String(requests + SPARE) });
  } catch {
    // Then it goes on as it is.
  }
}

function isCompiled(): boolean {
  return Bun.main.startsWith("/$bunfs/");
}
