import { BridgeError } from "../platform/errors.ts";

/**
 * Thrown by a wire in place of an answer where no credential is to be had that the server takes: a person, or whoever
 * runs the servers, mends that. The request was not carried out, and sending it again by itself helps nobody.
 */
export class CredentialFailure extends BridgeError {
  constructor({ code, message, hint, cause }: BridgeError) {
    super(code, message, { ...(hint === undefined ? {} : { hint }), cause });
  }
}
