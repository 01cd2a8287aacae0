import type { Surroundings } from "./paths.ts";

/** Why no browser of the person can be opened from here. */
export type HeadlessReason = "ssh" | "no_display";

/**
 * Whether a page that we open would be seen: nothing where it would, else why not. A session over SSH shows its pages
 * on another screen than the person's, and a container has none.
 */
export function headlessReason({ platform, env }: Surroundings): HeadlessReason | undefined {
  if (env["BROWSER"]) return undefined;
  const hasDisplay = Boolean(env["DISPLAY"] || env["WAYLAND_DISPLAY"]);
  if ((env["SSH_CONNECTION"] || env["SSH_TTY"]) && !hasDisplay) return "ssh";
  if (platform === "win32" || platform === "darwin" || env["WSL_DISTRO_NAME"] !== undefined) return undefined;
  return hasDisplay ? undefined : "no_display";
}
