import type { Client } from "../client.ts";
import { resourceFor } from "../resource.ts";
import type { ScopeWish } from "../scope.ts";
import type { SignInSettings } from "../settings.ts";

/** What a sign-in without a person, or with a person elsewhere, goes by. */
export interface GrantWish extends ScopeWish {
  readonly client: Client;
  readonly settings: SignInSettings;
}

/** Names in a request for a token what it is for. */
export function addTarget(form: URLSearchParams, wish: Omit<GrantWish, "client">, scope: string | undefined): void {
  const resource = resourceFor(wish.discovery, wish.settings);
  if (scope !== undefined) form.set("scope", scope);
  if (resource !== undefined) form.set("resource", resource);
}
