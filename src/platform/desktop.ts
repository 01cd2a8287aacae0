/** Why no browser of the person can be opened from here. */
export type HeadlessReason = "ssh" | "no_display";

/**
 * Whether a page that we open would be seen: nothing where it would, else why not. A session over SSH shows its pages
 * on another screen than the person's, and a container has none.
 */
export function headlessReason(
  platform: NodeJS.Platform,
  environment: Readonly<Record<string, string | undefined>>,
): HeadlessReason | undefined {
  if (environment["BROWSER"]) return undefined;
  const hasDisplay = Boolean(environment["DISPLAY"] || environment["WAYLAND_DISPLAY"]);
  if ((environment["SSH_CONNECTION"] || environment["SSH_TTY"]) && !hasDisplay) return "ssh";
  if (platform === "win32" || platform === "darwin" || environment["WSL_DISTRO_NAME"] !== undefined) return undefined;
  return hasDisplay ? undefined : "no_display";
}
