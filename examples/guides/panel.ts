/** How the panel is opened: on this machine, and for others. */
import { openDashboard, type Dashboard } from "tidemark/dashboard";
import { prometheus } from "tidemark/telemetry";
import type { Runtime } from "tidemark";

export async function openForMe(runtime: Runtime): Promise<Dashboard> {
  // #region open
  const panel = await openDashboard(runtime, { allowChanges: true, showPayloads: true });
  console.log(`Panel: ${panel.url}`);
  // #endregion
  return panel;
}

export function openWithFolders(runtime: Runtime): Promise<Dashboard> {
  // #region folders
  return openDashboard(runtime, {
    allowChanges: true,
    backupsTo: "/backups/shop",
    archivesTo: "/archives/shop",
  });
  // #endregion
}

interface Secrets {
  readonly token: string;
  readonly metricsToken: string;
  readonly cert: string;
  readonly key: string;
}

export function openForOthers(
  runtime: Runtime,
  { token, metricsToken, cert, key }: Secrets,
): Promise<Dashboard> {
  // #region others
  return openDashboard(runtime, {
    host: "0.0.0.0",
    port: 7070,
    token,
    tls: { cert, key },
    allowedHosts: ["panel.example.com"],
    metrics: prometheus(runtime),
    metricsToken,
  });
  // #endregion
}
