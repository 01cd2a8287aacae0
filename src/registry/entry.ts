import type { Protocol, Strategy } from "../transport/choices.ts";
import type { Place } from "./document.ts";

/** One server of the registry. Texts that may hold references are as they were written; see `references.ts`. */
export interface ServerEntry {
  /** Its name in the file. */
  readonly label: string;
  /** Its name in commands, addresses and names of tools. */
  readonly slug: string;
  /** Where it is: at an `http:`, `https:`, `ws:` or `wss:` address, or in a program of this machine. */
  readonly server: URL | ProgramEntry;
  /** Sent with every request, by name in lower case; may hold references. */
  readonly headers: Readonly<Record<string, string>>;
  /** The name of the account that is meant where nobody names one. */
  readonly account: string;
  readonly transport: Strategy;
  readonly protocol: Protocol;
  /** Which tools the client sees, by globs of their names: those allowed, less those denied; an empty `allow` is all. */
  readonly tools: { readonly allow: readonly string[]; readonly deny: readonly string[] };
  readonly timeouts: Timeouts;
  /** How often a session is pinged, in ms; 0 for never. */
  readonly keepAlive: number;
  /** Whether it is reached over IPv4 only. */
  readonly ipv4: boolean;
  /** Whom it is believed by, and who we are to it; empty where nothing is said, and for a program. */
  readonly tls: TlsEntry;
  /** Whether its cookies go back to it. */
  readonly cookies: boolean;
  /** Whether several clients may share one connection set: where the server keeps no state for them, or as said. */
  readonly share: Sharing;
  readonly oauth: OauthEntry;
  /** Whether it is left out of `serve` and of lists of servers to connect to. */
  readonly disabled: boolean;
}

/** A program on this machine. */
export interface ProgramEntry {
  /** A name to be looked for in `PATH`, or a whole path. */
  readonly command: string;
  readonly args: readonly string[];
  /** What its environment holds beside ours; may hold references. */
  readonly env: Readonly<Record<string, string>>;
  /** The folder that it starts in, as a whole path. */
  readonly cwd: string | undefined;
}

/** What an entry says of certificates: files in PEM, by whole paths. */
export interface TlsEntry {
  /** The authorities that are trusted in place of the system's. */
  readonly ca?: string;
  /** Our own certificate and its key; both, or none. */
  readonly cert?: string;
  readonly key?: string;
  /** Whether the server's certificate is not looked at. */
  readonly insecure?: boolean;
}

/** How long a server is waited for, in ms; 0 for ever. */
export interface Timeouts {
  /** Until a connection comes about. */
  readonly connect: number;
  /** Until an answer begins. */
  readonly headers: number;
  /** While an answer that has begun is silent. */
  readonly body: number;
  /** Until a request has its answer. */
  readonly total: number;
}

/** When connections to the server are shared by clients. */
export const SHARINGS = ["auto", "always", "never"] as const;

/** One of `SHARINGS`. */
export type Sharing = typeof SHARINGS[number];

/** The ways to sign in that an entry can name. */
export const ENTRY_GRANTS = ["browser", "device_code", "client_credentials"] as const;

/** What a server needs of a sign-in; what is absent is for the sign-in to choose. */
export interface OauthEntry {
  readonly grant?: typeof ENTRY_GRANTS[number];
  readonly scope?: string;
  readonly clientId?: string;
  /** A reference. */
  readonly clientSecret?: string;
  /** The resource indicator (RFC 8707): an absolute URI, or empty to send none. */
  readonly resource?: string;
  /** Who signs people in for a server that publishes nothing about it, by name. */
  readonly provider?: string;
  /** Where the browser comes back to. */
  readonly callbackPort?: number;
  readonly callbackHost?: string;
  readonly callbackPath?: string;
  /** Where the document lies that describes the client; empty for none. */
  readonly clientMetadataUrl?: string;
  /** Where tokens are asked for without discovery; with `client_credentials` alone. */
  readonly tokenEndpoint?: string;
  /** Further parameters of the authorization request. */
  readonly authorizeParams?: Readonly<Record<string, string>>;
  /** A program that prints the token, with its arguments: no shell looks at them. */
  readonly tokenCommand?: readonly string[];
  /** How long that token is used, in seconds. */
  readonly tokenLifetime?: number;
  readonly useIdToken?: boolean;
  readonly allowNoPkce?: boolean;
  readonly allowPrivateNetwork?: boolean;
}

/** What is wrong with one entry, which is left out, or with its name. */
export interface RegistryFault extends Place {
  /** The name of the entry in the file. */
  readonly label: string;
  /** The member at fault, by its path in the entry; empty for the entry as a whole. */
  readonly member: string;
  /** One sentence with file, line, column and member; holds no value. */
  readonly text: string;
  /** What to do about it. */
  readonly hint: string | undefined;
}

/** The servers of the file. */
export interface Registry {
  /** By slug, in the order of the file; those that are disabled too. */
  readonly servers: ReadonlyMap<string, ServerEntry>;
  /** The entries that are left out, in the order of the file. */
  readonly faults: readonly RegistryFault[];
}
