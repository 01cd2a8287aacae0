import { type ImportOutcome, importSignIn } from "../app/import_sign_in.ts";
import type { Wire } from "../net/gate.ts";
import type { Clock } from "../platform/clock.ts";
import { BridgeError, toBridgeError } from "../platform/errors.ts";
import type { Keychain } from "../platform/keychain.ts";
import { addServer, checkServer } from "../registry/edit.ts";
import { deleteKept } from "../registry/mcp_remote/store.ts";
import type { WrittenEntry } from "../registry/schema.ts";
import { keepSecrets, secretReference } from "../registry/secrets.ts";
import type { Vault } from "../vault/vault.ts";
import type { PlannedServer } from "./import_plan.ts";
import type { PlannedSignIn } from "./import_sign_ins.ts";
import type { WholePlan } from "./import_text.ts";

/** What carrying a plan out needs. */
export interface ApplyParts {
  /** servers.json. */
  readonly file: string;
  readonly vault: Vault;
  /** Nothing where no secret can be kept: values stay variables of the environment then. */
  readonly keychain: Keychain | undefined;
  /** The way out; nothing where nobody is to be asked. */
  readonly wire: Wire | undefined;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Whether mcp-remote's files of what was taken are removed. */
  readonly deletesOld: boolean;
}

/** What became of one server. */
export interface Applied {
  readonly server: PlannedServer;
  /** Whether it has been written to servers.json. */
  readonly isAdded: boolean;
  readonly failure: BridgeError | undefined;
  readonly signIn: ImportOutcome | undefined;
}

/**
 * Carries a plan out, each server by itself: what fails for one stops no other. The sign-ins are taken all at once, as
 * each asks its own server. `onserver` is told of each as it is done.
 *
 * @throws {BridgeError} `closing`
 */
export async function applyPlan(
  plan: WholePlan,
  parts: ApplyParts,
  onserver: (applied: Applied) => void,
): Promise<Applied[]> {
  const added: Omit<Applied, "signIn">[] = [];
  for (const server of plan.servers) {
    parts.signal.throwIfAborted();
    added.push(await addOne(server, parts));
  }
  return await Promise.all(added.map(async (one) => {
    const signIn = one.failure === undefined ? plan.signIns.get(one.server) : undefined;
    const applied = signIn === undefined ? { ...one, signIn: undefined } : await signInOne(one, signIn, parts);
    onserver(applied);
    return applied;
  }));
}

async function addOne(server: PlannedServer, parts: ApplyParts): Promise<Omit<Applied, "signIn">> {
  if (server.isThere) return { server, isAdded: false, failure: undefined };
  try {
    await addPlanned(server, parts);
    return { server, isAdded: true, failure: undefined };
  } catch (thrown) {
    return { server, isAdded: false, failure: toBridgeError(thrown) };
  }
}

async function signInOne(
  one: Omit<Applied, "signIn">,
  signIn: PlannedSignIn,
  parts: ApplyParts,
): Promise<Applied> {
  try {
    return { ...one, signIn: await takeSignIn(signIn, parts) };
  } catch (thrown) {
    if (parts.signal.aborted) throw thrown;
    return { ...one, failure: toBridgeError(thrown), signIn: undefined };
  }
}

/** The secrets come first: an entry whose references lead nowhere would be worse than none. */
async function addPlanned(server: PlannedServer, { file, keychain, clock }: ApplyParts): Promise<void> {
  const added = { label: server.label, written: withSecrets(server, keychain !== undefined) };
  // Somebody else may have taken the name meanwhile, and has secrets under it.
  await checkServer(file, added);
  const references = new Map<string, string>();
  for (const { name, secret } of server.secrets) references.set(secretReference(server.slug!, name), secret.value);
  if (keychain !== undefined) await keepSecrets(references, keychain);
  await addServer(file, added, clock);
}

/** The entry with what stands for its secrets. */
function withSecrets({ written, secrets, slug }: PlannedServer, isKept: boolean): WrittenEntry {
  let entry = written;
  for (const { member, name, secret } of secrets) {
    const text = isKept ? secretReference(slug!, name) : secret.text;
    if (member === "clientSecret") entry = { ...entry, oauth: { ...entry.oauth, clientSecret: text } };
    else entry = { ...entry, [member]: { ...entry[member], [name]: text } };
  }
  return entry;
}

async function takeSignIn({ wanted, imported, kept }: PlannedSignIn, parts: ApplyParts): Promise<ImportOutcome> {
  const { vault, wire, clock, signal, deletesOld } = parts;
  const { server, account } = wanted;
  const outcome = await importSignIn({ server, account, imported, vault, wire, clock, signal });
  // Of what is still to be taken over nobody knows yet whether it can be.
  if (deletesOld && outcome.kind === "taken") await deleteKept(kept);
  return outcome;
}
