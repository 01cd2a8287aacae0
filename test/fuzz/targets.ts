/** All that is fuzzed. */
import { addresses } from "./addresses.ts";
import { challenges } from "./challenges.ts";
import { clientFiles } from "./client_files.ts";
import { envelopes } from "./envelopes.ts";
import { serverFiles } from "./server_files.ts";
import { streams } from "./streams.ts";
import type { Target } from "./target.ts";
import { vaultRows } from "./vault_rows.ts";

/** By what they read. */
export const TARGETS: readonly Target[] = [
  ...addresses,
  ...challenges,
  ...streams,
  ...envelopes,
  ...vaultRows,
  ...serverFiles,
  ...clientFiles,
];
