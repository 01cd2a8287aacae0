/** Whose credential it is: a server, and the name of an account there. */
export interface Owner {
  /** The server's address, without a fragment. */
  readonly server: string;
  /** `default` where no name was given. */
  readonly account: string;
}

/** By what the rows of an owner are kept, and other things of theirs. */
export function ownerKey({ server, account }: Owner): string {
  return JSON.stringify([server, account]);
}
