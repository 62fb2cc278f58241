// Makes docs/reference from the docstrings of what the package exports: a page for each part, and one for each other door.
//
//   node scripts/reference.mjs            writes it
//   node scripts/reference.mjs --check    says what is stale, and changes nothing
//
// An export without a docstring, and a link that leads nowhere, end it with an error.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  Application,
  Comment,
  CommentTag,
  Converter,
  DeclarationReflection,
  ReflectionKind,
} from "typedoc";
import { load as markdown } from "typedoc-plugin-markdown";
import { DOORS } from "./doors.mjs";

const FOLDER = "docs/reference";
const ABOUT =
  "What the package exports, by part and door. It is made from the docstrings by `npm run docs`; how things are " +
  "used is in the [guides](../guides).";
/** What a page is called and says, by the folder that its declarations are in. */
const PAGES = {
  runtime: ["runtime", "`tidemark`: opening a runtime, and what it offers."],
  actors: ["aggregates", "`tidemark`: aggregates, commands and their answers."],
  projections: ["projections", "`tidemark`: projections, views, reactors, and operating them."],
  sagas: ["sagas", "`tidemark`: coordination over time."],
  rules: ["rules", "`tidemark`: facts, rules over them, windows, and what sessions concluded."],
  messaging: ["messaging", "`tidemark`: commands, events and questions between services."],
  journal: ["journal", "`tidemark`: reading the log, upcasters, and what the journal refuses."],
  admin: [
    "administration",
    "`tidemark`: looking at a running service from outside, and mending it.",
  ],
  try: ["trying", "`tidemark`: candidate definitions over a log that is in service."],
  tenants: [
    "tenants",
    "`tidemark`: many tenants in one process, each with a directory of its own.",
  ],
  delivery: [
    "delivery",
    "`tidemark`: what instances of sagas and sessions of rules wait for, and what they send.",
  ],
  maintenance: [
    "maintenance",
    "`tidemark`: verify, back up, restore, salvage, export, import, reclaim, growth.",
  ],
  kernel: ["basics", "`tidemark`: events, errors, limits, and the ports for time and logs."],
  testing: ["testing", "`tidemark/testing`: specifications, and a runtime in memory."],
  nats: ["nats", "`tidemark/nats`: messages over NATS."],
  telemetry: [
    "telemetry",
    "`tidemark/telemetry`: metrics for Prometheus, traces for OpenTelemetry.",
  ],
  dashboard: ["dashboard", "`tidemark/dashboard`: the panel."],
};

/** TypeDoc makes a page of each door; the first one has too much for one. */
function pages(app) {
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    for (const door of [...project.children]) {
      const [, other] = /(testing|nats|telemetry|dashboard)$/.exec(door.name) ?? [];
      for (const child of [...door.children]) {
        markError(child);
        if (other !== undefined) continue;
        const { packagePath } = project.getSymbolIdFromReflection(child);
        const [, folder] = /^(?:src\/)?([\w-]+)/.exec(packagePath);
        door.removeChild(child);
        const page = pageOf(app, project, folder);
        child.parent = page;
        page.addChild(child);
      }
      if (other === undefined) project.removeReflection(door);
      else named(app, door, other);
    }
    for (const list of [project.children, project.childrenIncludingDocuments])
      list.sort((a, b) => orderOf(a) - orderOf(b));
    project.comment = new Comment([{ kind: "text", text: ABOUT }]);
  });
  // What each error inherits is told where it comes from; nobody but the package makes one.
  app.converter.on(
    Converter.EVENT_RESOLVE_END,
    ({ project }) => {
      for (const error of project.getReflectionsByKind(ReflectionKind.Class).filter(isError))
        for (const member of [...(error.children ?? [])])
          if (member.inheritedFrom !== undefined || member.kindOf(ReflectionKind.Constructor))
            project.removeReflection(member);
    },
    1_000,
  );
}

const isError = ({ name }) => name.endsWith("Error") && name !== "TidemarkError";

function markError(child) {
  if (!child.kindOf(ReflectionKind.Class) || !/Error$/.test(child.name)) return;
  child.comment?.blockTags.push(new CommentTag("@group", [{ kind: "text", text: "Errors" }]));
}

function orderOf({ name }) {
  return Object.values(PAGES).findIndex(([page]) => page === name);
}

function pageOf(app, project, folder) {
  const [name] = PAGES[folder] ?? [folder];
  const known = project.children.find((each) => each.name === name);
  if (known !== undefined) return known;
  const page = new DeclarationReflection(name, ReflectionKind.Module, project);
  named(app, page, folder);
  project.registerReflection(page, undefined, undefined);
  project.addChild(page);
  return page;
}

function named(app, page, folder) {
  const found = PAGES[folder];
  if (found === undefined)
    return app.logger.error(`scripts/reference.mjs doesn't say what the page of ${folder} is`);
  page.name = found[0];
  page.comment = new Comment([{ kind: "text", text: found[1] }]);
}

async function generate(folder) {
  const app = await Application.bootstrapWithPlugins({
    plugin: [markdown, pages],
    entryPoints: [...DOORS.values()],
    tsconfig: "tsconfig.reference.json",
    // `npm run check` has asked the compiler.
    skipErrorChecking: true,
    name: "API reference",
    out: folder,
    readme: "none",
    router: "module",
    entryFileName: "README",
    excludePrivate: true,
    excludeProtected: true,
    excludeInternal: true,
    excludeExternals: true,
    disableSources: true,
    hidePageHeader: true,
    hideBreadcrumbs: true,
    useCodeBlocks: true,
    sortEntryPoints: false,
    indexFormat: "table",
    parametersFormat: "table",
    interfacePropertiesFormat: "table",
    classPropertiesFormat: "table",
    typeAliasPropertiesFormat: "table",
    typeDeclarationFormat: "table",
    tableColumnSettings: {
      hideDefaults: true,
      hideInherited: true,
      hideModifiers: true,
      hideOverrides: true,
    },
    groupOrder: ["Functions", "Variables", "Classes", "Interfaces", "Type Aliases", "Errors"],
    requiredToBeDocumented: ["Class", "Interface", "TypeAlias", "Function", "Variable"],
    validation: { notDocumented: true, invalidLink: true, notExported: false },
    treatValidationWarningsAsErrors: true,
    treatWarningsAsErrors: true,
    logLevel: "Warn",
  });
  const project = await app.convert();
  if (project === undefined) throw new Error("the reference can't be made");
  app.validate(project);
  await app.generateOutputs(project);
  for (const [name, text] of steady(pagesIn(folder))) writeFileSync(join(folder, name), text);
  return app.logger.hasErrors() || app.logger.hasWarnings();
}

/**
 * Links by the name of what they lead to: the plugin counts each member of a page twice, so where a function and a type differ
 * in case only it leads to the wrong one. And without anchors in tables: nothing leads there, and each is numbered, so that
 * one more would change all behind it.
 */
function steady(pages) {
  const headings = new Map([...pages].map(([name, text]) => [name, headingsOf(text)]));
  const led = (page, text) =>
    text.replace(
      /\[(`?)([^\]`]+)\1\]\(([\w.-]*)#([\w-]+)\)/g,
      (link, quote, name, file, anchor) => {
        const found = headings.get(file || page)?.filter((heading) => heading.name === name) ?? [];
        // An export rather than a method of the same name.
        const wanted =
          found.find(({ level }) => level === 3) ??
          found.find(({ slug }) => slug === anchor) ??
          found[0];
        if (wanted === undefined) return link;
        return `[${quote}${name}${quote}](${file}#${wanted.slug})`;
      },
    );
  return new Map(
    [...pages].map(([name, text]) => [name, led(name, text).replace(/<a id="[^"]+"><\/a> /g, "")]),
  );
}

/** With the anchors that code hosts give them. */
function headingsOf(text) {
  const seen = new Map();
  return [...text.matchAll(/^(#+) (.*)$/gm)].map(([, { length: level }, heading]) => {
    const base = heading
      .toLowerCase()
      .replace(/[^\w\s-]/g, "")
      .replace(/\s/g, "-");
    const nth = seen.get(base) ?? 0;
    seen.set(base, nth + 1);
    const name = heading.replace(/^`abstract` |\(\)$/g, "");
    return { level, name, slug: nth === 0 ? base : `${base}-${nth}` };
  });
}

function pagesIn(folder) {
  const files = readdirSync(folder).filter((name) => name.endsWith(".md"));
  return new Map(files.map((name) => [name, readFileSync(join(folder, name), "utf8")]));
}

const check = process.argv.includes("--check");
const folder = check ? mkdtempSync(join(tmpdir(), "tidemark-reference-")) : FOLDER;
let failed = await generate(folder);
if (check) {
  const [made, kept] = [pagesIn(folder), pagesIn(FOLDER)];
  rmSync(folder, { recursive: true });
  for (const name of new Set([...made.keys(), ...kept.keys()])) {
    if (made.get(name) === kept.get(name)) continue;
    console.error(`${FOLDER}/${name} is stale: npm run docs`);
    failed = true;
  }
}
process.exitCode = failed ? 1 : 0;
