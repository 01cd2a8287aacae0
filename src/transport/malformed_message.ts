/** Text that is no JSON-RPC message: why, and the id where one could be read, in its raw form. */
export class MalformedMessage extends Error {
  readonly id: string | undefined;
  /** Whether the text is JSON at all. */
  readonly isJson: boolean;

  constructor(message: string, isJson: boolean, id?: string) {
    super(message);
    this.name = "MalformedMessage";
    this.isJson = isJson;
    this.id = id;
  }
}
