import { type Endpoint, FakeAs } from "../../test/harness/fake_as.ts";
import { Visits } from "./visits.ts";

const WATCHED: readonly Endpoint[] = ["oauth_metadata", "register", "authorize", "token"];

/** Who lets people into the shipyard: an OAuth authorization server on loopback. Disposing it drops all connections. */
export class Harbourmaster extends FakeAs {
  readonly visits = new Visits();

  /** Starts listening. */
  constructor() {
    super();
    for (const endpoint of WATCHED) {
      this.on(endpoint, async ({ method, path, headers }, proceed) => {
        const at = performance.now();
        const answer = await proceed();
        this.visits.add({
          method,
          path,
          message: undefined,
          session: undefined,
          hasToken: headers.has("authorization"),
          at,
          status: answer.status,
          type: answer.headers.get("content-type") ?? undefined,
        });
        return answer;
      });
    }
  }
}
