/** The page: which part is shown, what it follows, and what is around it. */
import { follow, forgetToken, hasToken, look, setToken, takeToken } from "./lib/api.js";
import { onChanged, setMay, toast } from "./lib/actions.js";
import { h, patch } from "./lib/dom.js";
import { setClock } from "./lib/format.js";
import { chip, icon } from "./lib/parts.js";
import { menuOf } from "./lib/problems.js";
import { applyTheme, theme, toggleTheme, watchSystemTheme } from "./lib/theme.js";
import { auditPage } from "./pages/audit.js";
import { deliveryPage } from "./pages/delivery.js";
import { instancePage } from "./pages/instance.js";
import { journalPage } from "./pages/journal.js";
import { natsPage } from "./pages/nats.js";
import { overviewPage } from "./pages/overview.js";
import { projectionPage } from "./pages/projection.js";
import { projectionsPage } from "./pages/projections.js";
import { ruleSetPage } from "./pages/rule-set.js";
import { rulesPage } from "./pages/rules.js";
import { sagaPage } from "./pages/saga.js";
import { sagasPage } from "./pages/sagas.js";
import { storePage } from "./pages/store.js";
import { streamPage } from "./pages/stream.js";

/** Pattern of the path, the page, and which entry of the menu it belongs to. */
const ROUTES = [
  ["/", overviewPage, "/"],
  ["/journal", journalPage, "/journal"],
  ["/stream/:stream", streamPage, "/journal"],
  ["/projections", projectionsPage, "/projections"],
  ["/projection/:name", projectionPage, "/projections"],
  ["/sagas", sagasPage, "/sagas"],
  ["/saga/:name", sagaPage, "/sagas"],
  ["/saga/:name/:instanceId", instancePage, "/sagas"],
  ["/rules", rulesPage, "/rules"],
  ["/rules/:name", ruleSetPage, "/rules"],
  ["/nats", natsPage, "/nats"],
  ["/delivery", deliveryPage, "/delivery"],
  ["/store", storePage, "/store"],
  ["/audit", auditPage, "/audit"],
];

const MENU = [
  ["/", "Overview"],
  ["/journal", "Journal"],
  ["/projections", "Projections"],
  ["/sagas", "Sagas"],
  ["/rules", "Rules"],
  ["/nats", "NATS"],
  ["/delivery", "Delivery"],
  ["/store", "Store"],
  ["/audit", "Audit"],
];

const AGES_EVERY_MS = 5_000;

let shown = { page: undefined, menu: "/", path: "" };
let overview;
let info;
let trouble;
let endFollow = () => undefined;
let drawing = false;

function routeOf(path) {
  const parts = path.split("/");
  for (const [pattern, page, menu] of ROUTES) {
    const names = pattern.split("/");
    if (names.length !== parts.length) continue;
    const params = {};
    const fits = names.every((name, index) => {
      if (!name.startsWith(":")) return name === parts[index];
      params[name.slice(1)] = decodeURIComponent(parts[index]);
      return parts[index] !== "";
    });
    if (fits) return { page, params, menu };
  }
  return undefined;
}

/** Shows the page of the address. */
function navigate() {
  takeToken();
  if (!hasToken()) return void login();
  endFollow();
  const [path, search = ""] = (location.hash.slice(1) || "/").split("?");
  let route;
  try {
    route = routeOf(path);
  } catch {
    route = undefined;
  }
  if (route === undefined) return void go("/");
  const values = [];
  const failures = [];
  const isNew = path !== shown.path;
  const context = {
    params: route.params,
    query: new URLSearchParams(search),
    values,
    failures,
    overview: () => overview,
    info: () => info,
    draw,
    go,
    /** Changes the address without leaving the page. */
    replaceQuery: (query) =>
      history.replaceState(null, "", `#${path}${query === "" ? "" : `?${query}`}`),
  };
  shown.page?.close?.();
  const page = route.page(context);
  shown = { page, menu: route.menu, path, values, failures };
  endFollow = follow([["overview", {}], ...page.follow], {
    value: (index, value) => {
      trouble = undefined;
      if (index === 0) {
        overview = value;
        setClock(value.atMs);
        page.overview?.(value);
      } else {
        values[index - 1] = value;
        failures[index - 1] = undefined;
        page.value?.(index - 1, value);
      }
      draw();
    },
    failed: (index, error) => {
      if (index > 0) failures[index - 1] = error;
      else trouble = error;
      draw();
    },
    state: (state) => {
      if (state.status === 401)
        return void login("That token isn't right, or the panel was started anew.");
      trouble = state === "live" ? undefined : state;
      draw();
    },
  });
  draw();
  if (isNew) {
    scrollTo(0, 0);
    if (document.activeElement !== document.body) document.getElementById("main").focus();
  }
}

function go(path) {
  location.hash = path;
}

/** At most once a frame. */
function draw() {
  if (drawing) return;
  drawing = true;
  const now = () => {
    drawing = false;
    drawNow();
  };
  if (document.hidden) setTimeout(now, 50);
  else requestAnimationFrame(now);
}

function drawNow() {
  if (shown.page === undefined || !hasToken()) return;
  document.title = `${shown.page.title} – Tidemark${info?.service === undefined ? "" : ` · ${info.service}`}`;
  patch(document.getElementById("top"), topBar());
  patch(document.getElementById("side"), menu());
  const main = document.getElementById("main");
  main.dataset.path = shown.path;
  const told =
    trouble === undefined
      ? undefined
      : h("div.connection", { role: "alert", key: "trouble" }, icon("bad"), trouble.message);
  const failure = shown.failures.find((each) => each !== undefined);
  const failed =
    failure === undefined
      ? undefined
      : h("div.connection", { role: "alert", key: "failure" }, icon("bad"), failure.message);
  patch(main, told, failed, shown.page.render());
}

function topBar() {
  const isDark = theme() === "dark";
  return [
    h(
      "a.brand",
      { href: "#/" },
      h("img", { src: "/icon.svg", alt: "", width: 24, height: 24 }),
      "Tidemark",
    ),
    h("span.service", {}, info?.service ?? ""),
    h("span.spring"),
    info !== undefined &&
      !info.may.change &&
      h("span.chip", { title: "This panel only looks." }, icon("lock"), "read only"),
    overview !== undefined && chip(overview.health),
    h(
      "button.bare",
      {
        type: "button",
        id: "theme",
        "aria-label": isDark ? "Light colours" : "Dark colours",
        title: isDark ? "Light colours" : "Dark colours",
        onClick: () => {
          toggleTheme();
          draw();
        },
      },
      icon(isDark ? "sun" : "moon"),
    ),
  ];
}

function menu() {
  const counts = new Map();
  for (const { subject, severity } of overview?.problems ?? []) {
    const path = menuOf(subject);
    const { problems = 0, isBad = false } = counts.get(path) ?? {};
    counts.set(path, { problems: problems + 1, isBad: isBad || severity === "unhealthy" });
  }
  return h(
    "ul",
    {},
    MENU.map(([path, name]) => {
      const found = counts.get(path);
      return h(
        "li",
        {},
        h(
          "a",
          { href: `#${path}`, "aria-current": shown.menu === path ? "page" : undefined },
          name,
          found !== undefined &&
            h(
              `span.badge${found.isBad ? ".bad" : ""}`,
              {
                "aria-label": `${found.problems} ${found.problems === 1 ? "problem" : "problems"}`,
              },
              found.problems,
            ),
        ),
      );
    }),
  );
}

/** Asks for the token: a tab that was opened by a link has none. */
function login(problem) {
  endFollow();
  forgetToken();
  document.title = "Tidemark";
  patch(
    document.getElementById("top"),
    h(
      "a.brand",
      { href: "#/" },
      h("img", { src: "/icon.svg", alt: "", width: 24, height: 24 }),
      "Tidemark",
    ),
  );
  patch(document.getElementById("side"));
  const input = h("input", {
    id: "token",
    name: "token",
    type: "password",
    autocomplete: "off",
    required: true,
  });
  const form = h(
    "form",
    {
      onSubmit: (event) => {
        event.preventDefault();
        setToken(input.value.trim().replace(/^.*#token=/, ""));
        start();
      },
    },
    h("label", { for: "token" }, "Token, or the whole address"),
    input,
    h("p", { role: "alert", class: "error-text" }, problem ?? ""),
    h("div.buttons", {}, h("button.primary", { type: "submit" }, "Open")),
  );
  document
    .getElementById("main")
    .replaceChildren(
      h(
        "section.card.login",
        {},
        h("h1", {}, "Who asks?"),
        h(
          "p",
          {},
          "The panel opens with the address that was printed when it was started. It has a token behind the #, for this start only.",
        ),
        form,
      ),
    );
  input.focus();
}

async function start() {
  try {
    info = await look("info");
    setMay(info.may);
    // Pages that follow events begin at its head.
    overview = await look("overview").catch(() => undefined);
    navigate();
  } catch (error) {
    if (error.status === 401) login("That token isn't right, or the panel was started anew.");
    else {
      trouble = error;
      navigate();
    }
  }
}

applyTheme();
watchSystemTheme(draw);
takeToken();
addEventListener("hashchange", () => (info === undefined ? start() : navigate()));
onChanged(() => shown.page?.changed?.());
addEventListener("unhandledrejection", ({ reason }) =>
  toast(reason?.message ?? "Something failed in the page.", "bad"),
);
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  document.getElementById("main").focus();
});
setInterval(draw, AGES_EVERY_MS);
if (hasToken()) start();
else login();
