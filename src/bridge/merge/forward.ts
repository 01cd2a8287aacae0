import { BridgeError, quoted, toBridgeError } from "../../platform/errors.ts";
import type { OpenRequest, OpenRequests } from "./open_requests.ts";
import { mergedResult } from "./results.ts";
import type { Route, Router } from "./router.ts";
import { type Target, targetOf } from "./target.ts";

/** What it takes to hand requests on. */
export interface ForwardParts {
  readonly open: OpenRequests;
  readonly router: Router;
}

/** Hands a request of the client to the one server that it is for; the promise asks to wait with reading on. */
export function forward(request: OpenRequest, { open, router }: ForwardParts): Promise<void> | undefined {
  const { message } = request;
  const target = targetOf(message);
  if (target === undefined) {
    const what = `Method not found: ${quoted(message.method!, 60)}`;
    return open.fail(request, new BridgeError("unknown_method", what));
  }
  const route = router.find(target);
  if (route !== undefined) return forwardTo(route, request, target, open);
  router.search(message, target).then(
    (found) => void forwardTo(found, request, target, open),
    (thrown) => open.fail(request, toBridgeError(thrown)),
  );
  return undefined;
}

function forwardTo(
  { branch, own }: Route,
  request: OpenRequest,
  target: Target,
  open: OpenRequests,
): Promise<void> | undefined {
  const { key, method, id } = request.message;
  let sent: Promise<void> | undefined;
  request.giveUp = (notification) => void branch.cancel(id!, notification);
  branch.presence.ready((refusal) => {
    if (!open.awaits(request)) return;
    if (refusal !== undefined) sent = open.answer(request, refusal);
    else {
      sent = branch.request(
        target.withOwn(own),
        key,
        (answer) => open.answer(request, mergedResult(method!, branch.slug, answer)),
      );
    }
  });
  return sent;
}
