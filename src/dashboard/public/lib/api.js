/** What the page asks the server: looking, changing, and following what changes. */
const TOKEN = "tidemark.token";
const BY = "tidemark.by";

/** The token comes behind the `#` of the address, goes into this tab's storage, and out of the address. */
export function takeToken() {
  const [, token] = /^#token=([!-~]+)$/.exec(location.hash) ?? [];
  if (token === undefined) return;
  setToken(token);
  history.replaceState(null, "", `${location.pathname}#/`);
}

export function setToken(token) {
  sessionStorage.setItem(TOKEN, token);
}

export function forgetToken() {
  sessionStorage.removeItem(TOKEN);
}

export function hasToken() {
  return sessionStorage.getItem(TOKEN) !== null;
}

export function whoAsks() {
  return localStorage.getItem(BY) ?? "";
}

export function setWhoAsks(name) {
  localStorage.setItem(BY, name);
}

/** A failure that the server told, with its code, or that it couldn't be asked at all (`unreachable`). */
export class ApiError extends Error {
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

function headers() {
  return { "x-tidemark-token": sessionStorage.getItem(TOKEN) ?? "" };
}

async function asked(path, options) {
  let response;
  try {
    response = await fetch(path, { cache: "no-store", credentials: "omit", ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(
      0,
      "unreachable",
      "The service can't be reached: it stopped, or the panel was closed.",
    );
  }
  if (response.ok) return response;
  const body = await response.json().catch(() => ({}));
  const { code = "failed", message = `The server answered ${response.status}` } = body.error ?? {};
  throw new ApiError(response.status, code, message);
}

function addressOf(operation, input) {
  return `/api/${operation}?input=${encodeURIComponent(JSON.stringify(input))}`;
}

export async function look(operation, input = {}, signal = undefined) {
  const response = await asked(addressOf(operation, input), { headers: headers(), signal });
  return response.json();
}

export async function change(operation, input) {
  const by = whoAsks();
  const response = await asked(`/api/${operation}`, {
    method: "POST",
    headers: {
      ...headers(),
      "content-type": "application/json",
      "x-tidemark-change": "1",
      ...(by === "" ? {} : { "x-tidemark-by": encodeURIComponent(by) }),
    },
    body: JSON.stringify(input),
  });
  return response.json();
}

const AGAIN_MS = 2_000;
const QUIET_MAX_MS = 40_000;

/**
 * Follows questions, `[operation, input]` each, until the returned function is called. What goes wrong is told, and it goes on trying.
 *
 * @param listener.value - `(index, value)` when an answer differs from the last.
 * @param listener.failed - `(index, {code, message})` when a question can't be answered now.
 * @param listener.state - `"live"`, or an ApiError while there is no connection.
 */
export function follow(questions, listener) {
  let stop = new AbortController();
  let ended = false;
  async function run() {
    while (!ended) {
      try {
        await read(questions, listener, stop.signal);
        listener.state(new ApiError(0, "unreachable", "The connection ended; trying again."));
      } catch (error) {
        if (ended) return;
        if (error.name !== "AbortError") listener.state(error);
        if (error.status === 401) return;
      }
      if (document.hidden) await shown();
      else await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }
  // Browsers allow few connections to one server: a tab that nobody sees gives its one up.
  const onHide = () => {
    if (!document.hidden) return;
    stop.abort();
    stop = new AbortController();
  };
  document.addEventListener("visibilitychange", onHide);
  run();
  return () => {
    ended = true;
    document.removeEventListener("visibilitychange", onHide);
    stop.abort();
  };
}

function shown() {
  return new Promise((resolve) => {
    document.addEventListener("visibilitychange", () => resolve(), { once: true });
  });
}

/** Server-sent events, by fetch: an EventSource can't send the token as a header. */
async function read(questions, listener, signal) {
  const quiet = new AbortController();
  const both = AbortSignal.any([signal, quiet.signal]);
  const response = await asked(addressOf("live", questions), { headers: headers(), signal: both });
  listener.state("live");
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const timer = setTimeout(() => quiet.abort(), QUIET_MAX_MS);
    const { value, done } = await reader.read().finally(() => clearTimeout(timer));
    if (done) return;
    const messages = (rest + value).split("\n\n");
    rest = messages.pop();
    for (const message of messages) tell(message, listener);
  }
}

function tell(message, listener) {
  const fields = new Map();
  for (const line of message.split("\n")) {
    const cut = line.indexOf(": ");
    if (cut > 0) fields.set(line.slice(0, cut), line.slice(cut + 2));
  }
  if (!fields.has("data")) return;
  const index = Number(fields.get("id"));
  const value = JSON.parse(fields.get("data"));
  if (fields.get("event") === "value") listener.value(index, value);
  else listener.failed(index, value.error);
}
