import type { Check } from "./check.ts";
import { authorizationServer } from "./server/authorization_server.ts";
import { callbackPort } from "./server/callback_port.ts";
import { clientRegistration } from "./server/client_registration.ts";
import { serverClock } from "./server/clock.ts";
import { allSecrets, discreet, givenSecrets } from "./server/discreet.ts";
import { serverDns } from "./server/dns.ts";
import { serverHttp } from "./server/http.ts";
import { authorizationServerOffers } from "./server/offers.ts";
import { serverProxy } from "./server/proxy.ts";
import { serverMetadata } from "./server/resource_metadata.ts";
import { serverSession } from "./server/session.ts";
import { serverSettings } from "./server/settings.ts";
import { serverTcp } from "./server/tcp.ts";
import { serverTls } from "./server/tls.ts";
import { token } from "./server/token.ts";
import { tokenRefresh } from "./server/token_refresh.ts";

/** Those that show no credential of the vault. */
const WITHOUT_TOKEN: readonly Check[] = [
  serverDns,
  serverProxy,
  serverTcp,
  serverTls,
  serverHttp,
  serverClock,
];

const WITH_TOKEN: readonly Check[] = [
  serverMetadata,
  authorizationServer,
  authorizationServerOffers,
  clientRegistration,
  tokenRefresh,
  token,
  serverSession,
];

/** What is looked at of a server with an address, in the order of the report. */
export const SERVER_CHECKS: readonly Check[] = [
  serverSettings,
  ...WITHOUT_TOKEN.map((check) => discreet(check, givenSecrets)),
  callbackPort,
  ...WITH_TOKEN.map((check) => discreet(check, allSecrets)),
];
