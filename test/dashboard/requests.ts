/** Requests as browsers wouldn't send them: with any path, header and method. */
import { request } from "node:http";
import { connect } from "node:net";
import type { Dashboard } from "tidemark/dashboard";

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

export interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Defaults to the right one. */
  readonly token?: string | undefined;
}

/** The path goes over the wire as it is. */
export function ask(panel: Dashboard, path: string, asked: Asked = {}): Promise<Answer> {
  const { method = "GET", headers = {}, body } = asked;
  const token = "token" in asked ? asked.token : panel.token;
  const { hostname, port } = new URL(panel.url);
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        host: hostname,
        port,
        path,
        method,
        agent: false,
        headers: { ...(token === undefined ? {} : { "x-tidemark-token": token }), ...headers },
      },
      (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (part: string) => (text += part));
        response.on("end", () => {
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
        });
      },
    );
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

/** A change as the page asks for one. */
export function askChange(
  panel: Dashboard,
  operation: string,
  input: unknown,
  asked: Asked = {},
): Promise<Answer> {
  return ask(panel, `/api/${operation}`, {
    method: "POST",
    ...asked,
    headers: {
      "content-type": "application/json",
      "x-tidemark-change": "1",
      ...asked.headers,
    },
    body: asked.body ?? JSON.stringify(input),
  });
}

/** Bytes over a bare connection; what comes back until the other side closes it. */
export function raw(panel: Dashboard, bytes: string): Promise<string> {
  const { hostname, port } = new URL(panel.url);
  return new Promise((resolve) => {
    let text = "";
    const socket = connect(Number(port), hostname, () => socket.write(bytes));
    socket.setEncoding("latin1");
    socket.on("data", (part: string) => (text += part));
    socket.on("error", () => undefined);
    socket.on("close", () => resolve(text));
  });
}
