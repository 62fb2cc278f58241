/** The door of administration: what the other parts may use. */
export type { Administered } from "./administered.js";
export { adminEndpoint, adminEndpointName } from "./admin-endpoint.js";
export { checkAdminOptions, type AdminOptions } from "./admin-options.js";
export { AdminService } from "./admin-service.js";
export { OWN_PROCESS, type Caller } from "./caller.js";
export type { AdminClient } from "./api.js";
