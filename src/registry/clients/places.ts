import type { ClientPlaces, UserEnvironment } from "./client.ts";

/** Joins names to a path, as the system does. */
export function below({ platform }: UserEnvironment, folder: string, ...names: readonly string[]): string {
  return [folder, ...names].join(platform === "win32" ? "\\" : "/");
}

/** Below the home. */
export function atHome(user: UserEnvironment, ...names: readonly string[]): string {
  return below(user, user.home, ...names);
}

/** Where programs keep what belongs to a user: `AppData\Roaming`, Application Support, `~/.config`. */
export function inAppData(user: UserEnvironment, ...names: readonly string[]): string {
  switch (user.platform) {
    case "win32":
      return below(user, folderOf(user, "APPDATA") ?? atHome(user, "AppData", "Roaming"), ...names);
    case "darwin":
      return atHome(user, "Library", "Application Support", ...names);
    default:
      return inConfig(user, ...names);
  }
}

/** Below `XDG_CONFIG_HOME`, which some programs have on every system, or `~/.config`. */
export function inConfig(user: UserEnvironment, ...names: readonly string[]): string {
  return below(user, folderOf(user, "XDG_CONFIG_HOME") ?? atHome(user, ".config"), ...names);
}

/** Where Windows keeps what stays on the machine. */
export function inLocalAppData(user: UserEnvironment, ...names: readonly string[]): string {
  return below(user, folderOf(user, "LOCALAPPDATA") ?? atHome(user, "AppData", "Local"), ...names);
}

/** The folder that a variable names; a relative one counts for nothing. */
export function folderOf({ platform, env }: UserEnvironment, variable: string): string | undefined {
  const value = env[variable]?.replace(/(?<=[^/\\:])[/\\]+$/, "");
  return value && isAbsolute(value, platform) ? value : undefined;
}

/** The places of an application with a window: on macOS and Windows the folder of the program is a sign, too. */
export function applicationPlaces(
  user: UserEnvironment,
  { files, folder, application, programFolder, programs }: {
    readonly files: readonly string[];
    /** What it makes for the user. */
    readonly folder: string;
    /** On macOS. */
    readonly application: string;
    /** On Windows, below `AppData\Local`. */
    readonly programFolder: readonly string[];
    readonly programs: readonly string[];
  },
): ClientPlaces {
  const signs = [folder];
  if (user.platform === "darwin") {
    signs.push(`/Applications/${application}.app`, atHome(user, "Applications", `${application}.app`));
  }
  if (user.platform === "win32") signs.push(inLocalAppData(user, ...programFolder));
  return { files, signs, programs };
}

function isAbsolute(path: string, platform: NodeJS.Platform): boolean {
  return platform === "win32" ? /^(?:[a-z]:[\\/]|\\\\)/i.test(path) : path.startsWith("/");
}
