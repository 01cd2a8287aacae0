import { type ImportOutcome, importSignIn } from "../app/import_sign_in.ts";
import type { Wire } from "../net/gate.ts";
import type { Clock } from "../platform/clock.ts";
import { BridgeError, toBridgeError } from "../platform/errors.ts";
import type { Keychain } from "../platform/keychain.ts";
import { addServer } from "../registry/edit.ts";
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
 * Carries a plan out, each server by itself: what fails for one stops no other. `onserver` is told of each as it is
 * done.
 *
 * @throws {BridgeError} `closing`
 */
export async function applyPlan(
  plan: WholePlan,
  parts: ApplyParts,
  onserver: (applied: Applied) => void,
): Promise<Applied[]> {
  const results: Applied[] = [];
  for (const server of plan.servers) {
    parts.signal.throwIfAborted();
    const applied = await applyServer(server, plan.signIns.get(server), parts);
    results.push(applied);
    onserver(applied);
  }
  return results;
}

async function applyServer(
  server: PlannedServer,
  signIn: PlannedSignIn | undefined,
  parts: ApplyParts,
): Promise<Applied> {
  let isAdded = false;
  let outcome: ImportOutcome | undefined;
  try {
    if (!server.isThere) {
      await addPlanned(server, parts);
      isAdded = true;
    }
    if (signIn !== undefined) outcome = await takeSignIn(signIn, parts);
  } catch (thrown) {
    if (parts.signal.aborted) throw thrown;
    return { server, isAdded, failure: toBridgeError(thrown), signIn: outcome };
  }
  return { server, isAdded, failure: undefined, signIn: outcome };
}

/** The secrets come first: an entry whose references lead nowhere would be worse than none. */
async function addPlanned(server: PlannedServer, { file, keychain, clock }: ApplyParts): Promise<void> {
  const references = new Map<string, string>();
  for (const { name, secret } of server.secrets) references.set(secretReference(server.slug!, name), secret.value);
  if (keychain !== undefined) await keepSecrets(references, keychain);
  await addServer(file, { label: server.label, written: withSecrets(server, keychain !== undefined) }, clock);
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
  // What is still to be taken over is in the vault, too.
  if (deletesOld && (outcome.kind === "taken" || outcome.kind === "later")) await deleteKept(kept);
  return outcome;
}
