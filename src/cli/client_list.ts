import { lookAtClient } from "../app/install.ts";
import { quoted, toBridgeError } from "../platform/errors.ts";
import type { UserEnvironment } from "../registry/clients/client.ts";
import { findClients, type FoundClient } from "../registry/clients/find.ts";
import { safeJson } from "./safe_text.ts";

/** What is known of a client on this machine. */
interface Listed {
  readonly found: FoundClient;
  readonly ours: readonly string[];
  readonly others: number;
  readonly fault: string | undefined;
}

/** The clients that we know, where their files are and which entries of ours they have, as text or JSON. */
export async function clientList(user: UserEnvironment, isJson: boolean): Promise<string> {
  const clients = await Promise.all((await findClients(user)).map(listed));
  return isJson ? asJson(clients) : asText(clients);
}

async function listed(found: FoundClient): Promise<Listed> {
  try {
    const { ours, all } = await lookAtClient(found);
    return { found, ours: [...new Set(ours.map(({ name }) => name))], others: all - ours.length, fault: undefined };
  } catch (thrown) {
    return { found, ours: [], others: 0, fault: toBridgeError(thrown).message };
  }
}

function asJson(clients: readonly Listed[]): string {
  const list = clients.map(({ found, ours, others, fault }) => ({
    client: found.client.id,
    name: found.client.name,
    installed: found.isInstalled,
    file: found.file,
    fileExists: found.hasFile,
    ours,
    others,
    ...(fault === undefined ? {} : { fault }),
    ...(found.isInstalled ? {} : { lookedAt: found.lookedAt }),
  }));
  return `${safeJson(JSON.stringify(list, null, 2))}\n`;
}

function asText(clients: readonly Listed[]): string {
  const column = Math.max(...clients.map(({ found }) => found.client.id.length)) + 2;
  const rows = clients.map((listed) =>
    `${listed.found.client.id.padEnd(column)}${stateOf(listed, " ".repeat(column))}`
  );
  return `${rows.join("\n")}\n`;
}

function stateOf({ found, ours, others, fault }: Listed, margin: string): string {
  if (!found.isInstalled) return "not installed";
  if (fault !== undefined) return fault;
  const entries = ours.length === 0
    ? others === 0 ? "no entries yet" : others === 1 ? "1 entry, not ours" : `${others} entries, none of ours`
    : ours.map(plain).join(", ") + (others === 0 ? "" : `, beside ${others} other${others === 1 ? "" : "s"}`);
  return `${entries}\n${margin}${found.file}${found.hasFile ? "" : " (no file yet)"}`;
}

/** A name as it is where nothing in it could mislead. */
function plain(name: string): string {
  return /^[\w.@ -]+$/.test(name) ? name : quoted(name);
}
