import type { Check } from "./check.ts";
import { browser } from "./machine/browser.ts";
import { clients } from "./machine/clients.ts";
import { diskSpace } from "./machine/disk_space.ts";
import { environment } from "./machine/environment.ts";
import { fileModes } from "./machine/file_modes.ts";
import { filePlaces } from "./machine/file_places.ts";
import { keychain } from "./machine/keychain.ts";
import { loopback } from "./machine/loopback.ts";
import { proxy } from "./machine/proxy.ts";
import { serve } from "./machine/serve.ts";
import { serversFile } from "./machine/servers_file.ts";
import { vaultLocks } from "./machine/vault_locks.ts";
import { vaultOpens } from "./machine/vault_opens.ts";
import { vaultSecret } from "./machine/vault_secret.ts";
import { version } from "./machine/version.ts";

/** What is looked at of this machine, in the order of the report. */
export const MACHINE_CHECKS: readonly Check[] = [
  version,
  environment,
  filePlaces,
  fileModes,
  diskSpace,
  keychain,
  vaultOpens,
  vaultLocks,
  vaultSecret,
  proxy,
  loopback,
  browser,
  serve,
  serversFile,
  clients,
];
