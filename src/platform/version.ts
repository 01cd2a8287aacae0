declare const BUILD_VERSION: string | undefined;

/** The version that was built in; a run from the sources has none. */
export const VERSION = typeof BUILD_VERSION === "string" ? BUILD_VERSION : "0.0.0-source";
