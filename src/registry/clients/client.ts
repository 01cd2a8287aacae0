import type { Place } from "../document.ts";

/** What decides where the files of a user's programs are; a test brings its own. */
export interface UserEnvironment {
  readonly platform: NodeJS.Platform;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The user's home folder, as an absolute path. */
  readonly home: string;
}

/** Where a client may keep its file, and by what one sees that it is installed; absolute paths. */
export interface ClientPlaces {
  /** Files for the whole user. The first that exists counts; where none does, the last one is made. */
  readonly files: readonly string[];
  /** Files and folders that are there where the client is. */
  readonly signs: readonly string[];
  /** Programs of which one is in `PATH` where the client is; without the endings of Windows. */
  readonly programs: readonly string[];
}

/** How a program is started. */
export interface Program {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Variables of the client's own environment that it needs, by their names; not every client hands all of them on. */
  readonly inherits?: readonly string[];
}

/** An entry of a client's file, as far as it can be understood: a program or an address, or neither. */
export interface ClientEntry {
  readonly name: string;
  readonly command: string | undefined;
  /** What follows the command; empty for an address. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string | undefined;
  readonly url: string | undefined;
  /** What is sent to the address; `${VAR}` stands for a variable that the client takes from its environment. */
  readonly headers: Readonly<Record<string, string>>;
  /** The kind of transport as the client writes it: `stdio`, `http`, `sse`, `streamable-http`, `local`, `remote`. */
  readonly type: string | undefined;
  /** Whether the client is told to leave it out. */
  readonly disabled: boolean;
  /** All that it says, as it stands there. */
  readonly value: unknown;
  /** Where in the file it stands. */
  readonly place: Place;
}

/** The parts of `ClientEntry` that each client writes in its own way. */
export type EntryParts = Omit<ClientEntry, "name" | "value" | "place">;

/** A program that people use MCP servers in. */
export interface Client {
  /** What people call it on the command line. */
  readonly id: string;
  /** What it calls itself. */
  readonly name: string;
  /** JSON is read with comments and trailing commas, whatever the client does. */
  readonly format: "json" | "toml";
  /** The names on the way from the top of the file to its servers. */
  readonly path: readonly string[];
  /** Another way, which counts where the file goes it. */
  readonly otherPath?: readonly string[];
  /** The folder that it makes for as long as it writes its file, so that no two of its processes do at once. */
  lock?(file: string): string;
  /** The names on the way to its projects, in each of which `path` leads to servers of that project alone. */
  readonly projects?: readonly string[];
  /** The folder of the project that this stands for; nothing for the whole user. */
  readonly project?: string;
  /** The client that it goes on as, which has a file of its own. */
  readonly successor?: string;
  places(user: UserEnvironment): ClientPlaces;
  /** An entry as this client wants it. */
  write(program: Program): Record<string, unknown>;
  /** A text of an entry with `${VAR}` where this client has another way to name a variable of the environment. */
  withCommonReferences?(text: string): string;
  /** What an entry says. */
  read(entry: Readonly<Record<string, unknown>>): EntryParts;
}
