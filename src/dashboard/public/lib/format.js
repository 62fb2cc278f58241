/** Figures in the words of people. Times are told against the clock of the runtime, which may not be this machine's. */
let skewMs = 0;

/** `atMs` is now, there. */
export function setClock(atMs) {
  skewMs = atMs - Date.now();
}

export function nowMs() {
  return Date.now() + skewMs;
}

export function count(value) {
  return Math.round(value).toLocaleString("en");
}

/** `1,204 events`, `1 event`. */
export function several(value, one, many = `${one}s`) {
  return `${count(value)} ${Math.round(value) === 1 ? one : many}`;
}

/** A rate, with as many digits as it deserves. */
export function rate(value) {
  if (value === 0) return "0";
  if (value < 10) return value.toFixed(1);
  return count(value);
}

const BYTES = ["bytes", "KB", "MB", "GB", "TB"];
export function bytes(value) {
  let unit = 0;
  let rest = value;
  while (rest >= 1024 && unit < BYTES.length - 1) {
    rest /= 1024;
    unit += 1;
  }
  return `${unit === 0 || rest >= 100 ? Math.round(rest) : rest.toFixed(1)} ${BYTES[unit]}`;
}

/** A span: `850 ms`, `3.2 s`, `4 min`, `2 h 5 min`, `3 days`. */
export function span(ms) {
  if (ms < 1_000) return `${ms < 10 && ms > 0 ? ms.toFixed(1) : Math.round(ms)} ms`;
  const seconds = ms / 1_000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  const days = Math.floor(hours / 24);
  return `${days} ${days === 1 ? "day" : "days"}`;
}

/** `3 min ago`, `in 2 h`. */
export function age(atMs) {
  const ms = nowMs() - atMs;
  if (Math.abs(ms) < 2_000) return "just now";
  return ms > 0 ? `${span(ms)} ago` : `in ${span(-ms)}`;
}

/** How long since: `3 min`. */
export function since(atMs) {
  return span(Math.max(0, nowMs() - atMs));
}

export function time(atMs) {
  return `${new Date(atMs).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

/** `catching-up` as people say it. */
export function words(name) {
  return String(name).replace(/-/g, " ");
}
