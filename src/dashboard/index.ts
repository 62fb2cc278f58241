/**
 * `tidemark/dashboard`: a panel in the browser that shows how a runtime stands, what is wrong, and what to press.
 *
 * @packageDocumentation
 */
export { openDashboard, type Dashboard } from "./dashboard.js";
export type { DashboardOptions, DashboardTls, MetricsPage } from "./options.js";
