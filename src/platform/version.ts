declare const BUILD_VERSION: string | undefined;
declare const BUILD_COMMIT: string | undefined;
declare const BUILD_DATE: string | undefined;
declare const BUILD_TARGET: string | undefined;

/** The version that was built in; a run from the sources has none. */
export const VERSION = typeof BUILD_VERSION === "string" ? BUILD_VERSION : "0.0.0-source";

/** What this executable was built of; nothing is known of a run from the sources. */
export interface Build {
  /** The commit, with a plus where the sources held more than that. */
  readonly commit: string | null;
  /** When that was committed, by ISO 8601: two builds of one commit are the same. */
  readonly date: string | null;
  /** The system that it was built for, as the compiler calls it. */
  readonly target: string | null;
}

/** The build that this is. */
export const BUILD: Build = {
  commit: typeof BUILD_COMMIT === "string" ? BUILD_COMMIT : null,
  date: typeof BUILD_DATE === "string" ? BUILD_DATE : null,
  target: typeof BUILD_TARGET === "string" ? BUILD_TARGET : null,
};
