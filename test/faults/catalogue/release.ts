/** What may go wrong between the source and the machine of a person. */
import type { Entry } from "./entry.ts";

/** Part D. */
export const RELEASE: readonly Entry[] = [
  {
    id: "D1",
    fault: "an executable that is not of the source",
    promise: "the same source gives the same bytes",
  },
  {
    id: "D2",
    fault: "a download that was changed",
    promise: "checksums that the package managers check, and a word on where each file was made",
  },
  {
    id: "D3",
    fault: "a Mac that does not know who made it",
    promise:
      "signed and notarised under a name that stays the same once there are the secrets for it; what Apple refuses is not released (with stand-ins for Apple's programs)",
  },
  {
    id: "D4",
    fault: "means of tests in the executable",
    promise: "there are none",
  },
  {
    id: "D5",
    fault: "a dependency that changes by itself",
    promise: "each is pinned, and an install that departs from the lock file fails",
  },
  {
    id: "D6",
    fault: "an action of the build that changes by itself",
    promise: "each is pinned by its commit",
  },
  {
    id: "D7",
    fault: "a dependency that nobody knows the reason of",
    promise: "each is listed with its reason, and has a licence that lets us",
  },
  {
    id: "D8",
    fault: "an executable that does not know its version",
    promise: "`--version` is that of the package",
    shown: ['binary/command_line_test.ts > what was asked for by name goes to stdout > ["--version"]'],
  },
  {
    id: "D9",
    fault: "nobody knows what is in it",
    promise: "a list of what is in it goes along with each release",
  },
  {
    id: "D10",
    fault: "an update, or the way back, that forgets sign-ins",
    promise: "vaults of older versions open, those of newer ones are left alone",
    shown: ["faults/c29_formats_test.ts"],
  },
];
