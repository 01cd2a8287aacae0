declare const BUILD_CLIENT_METADATA_URL: string | undefined;

/** Where the document lies that describes this build; nowhere where none was built in. */
export function builtInDocument(): URL | undefined {
  return typeof BUILD_CLIENT_METADATA_URL === "string" ? new URL(BUILD_CLIENT_METADATA_URL) : undefined;
}
