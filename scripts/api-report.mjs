// Makes docs/internals/api-report.md: every exported name of every door with its signature, as a user's compiler sees it, so
// that a change of the public API is seen in review.
//
//   node scripts/api-report.mjs            writes it
//   node scripts/api-report.mjs --check    says what differs, and changes nothing
//
// A type of ours that a public signature uses and no door exports ends it with an error: nobody could name it. What is marked
// @internal is left out, and types so marked may be used: a user has one, and doesn't look into it.
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import ts from "typescript";
import { DOORS } from "./doors.mjs";

const REPORT = "docs/internals/api-report.md";
const ABOUT = `# API report

Every name that the package exports, by door, with its signature. Made by \`npm run docs\` from what the compiler emits; \`npm run check\`
fails where it differs. A line that changes here is a change for users: \`CHANGELOG.md\` says which, and
[compatibility](compatibility.md) what may change when.
`;
const OUT = resolve(".api");

/** The declarations that would be published, in memory. */
function emitted() {
  const { config } = ts.readConfigFile("tsconfig.reference.json", ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, process.cwd());
  const settings = {
    ...options,
    noEmit: false,
    declaration: true,
    emitDeclarationOnly: true,
    outDir: OUT,
  };
  const files = new Map();
  const program = ts.createProgram([...DOORS.values()], settings);
  program.emit(undefined, (path, text) => files.set(resolve(path), text));
  return { files, settings };
}

/** A program over them, in which names lead where a user's compiler would go. */
function programOf({ files, settings }) {
  const host = ts.createCompilerHost(settings);
  const { readFile, fileExists, directoryExists } = host;
  const folders = new Set([...files.keys()].flatMap(foldersOf));
  host.readFile = (path) => files.get(resolve(path)) ?? readFile.call(host, path);
  host.fileExists = (path) => files.has(resolve(path)) || fileExists.call(host, path);
  host.directoryExists = (path) =>
    folders.has(resolve(path)) || directoryExists?.call(host, path) !== false;
  host.getSourceFile = (path, version) => {
    const text = host.readFile(path);
    return text === undefined ? undefined : ts.createSourceFile(path, text, version, true);
  };
  const roots = [...DOORS.values()].map((source) => declarationOf(source));
  return ts.createProgram(roots, settings, host);
}

function foldersOf(path) {
  const folder = dirname(path);
  return folder === OUT ? [folder] : [folder, ...foldersOf(folder)];
}

const declarationOf = (source) => join(OUT, source.replace(/\.ts$/, ".d.ts"));

const program = programOf(emitted());
const checker = program.getTypeChecker();
const printer = ts.createPrinter({ removeComments: true });

const real = (symbol) =>
  symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;

/** Exports of each door by name. */
const exportsByDoor = new Map(
  [...DOORS].map(([door, source]) => {
    const file = program.getSourceFile(declarationOf(source));
    const symbols = checker.getExportsOfModule(checker.getSymbolAtLocation(file));
    const sorted = symbols.sort((a, b) => (a.name < b.name ? -1 : 1));
    return [door, sorted];
  }),
);
const exported = new Set([...exportsByDoor.values()].flat().map(real));

const isOurs = (node) => node.getSourceFile().fileName.startsWith(OUT);
/** What a user can't reach, or is told to leave alone. Errors are made by the package only. */
const isInternal = (node) =>
  ts.getJSDocTags(node).some(({ tagName }) => tagName.text === "internal");
const isHidden = (member) =>
  isInternal(member) ||
  (ts.isConstructorDeclaration(member) && /Error$/.test(member.parent.name.text)) ||
  (member.name !== undefined && ts.isPrivateIdentifier(member.name)) ||
  (ts.canHaveModifiers(member) &&
    ts
      .getModifiers(member)
      ?.some(
        ({ kind }) =>
          kind === ts.SyntaxKind.PrivateKeyword || kind === ts.SyntaxKind.ProtectedKeyword,
      ));

/** Declarations of a symbol without what nobody can reach. */
function declarationsOf(symbol) {
  return (symbol.declarations ?? []).map((declaration) =>
    ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration,
  );
}

function signaturesOf(symbol) {
  return declarationsOf(symbol).map((declaration) => {
    const text = printer.printNode(
      ts.EmitHint.Unspecified,
      withoutHidden(declaration),
      declaration.getSourceFile(),
    );
    return text.replace(/^(export |declare |default )+/, "").replace(/ {4}/g, "  ");
  });
}

function withoutHidden(declaration) {
  const { modifiers, name, typeParameters, heritageClauses, members } = declaration;
  const parts = [
    modifiers,
    name,
    typeParameters,
    heritageClauses,
    members?.filter((member) => !isHidden(member)),
  ];
  if (ts.isClassDeclaration(declaration))
    return ts.factory.updateClassDeclaration(declaration, ...parts);
  if (ts.isInterfaceDeclaration(declaration))
    return ts.factory.updateInterfaceDeclaration(declaration, ...parts);
  return declaration;
}

/** Types of ours that the declaration names and no door exports, each with where. */
function hiddenTypesOf(symbol) {
  const found = new Map();
  const visit = (node) => {
    if (isHidden(node)) return;
    const name = ts.isTypeReferenceNode(node)
      ? node.typeName
      : ts.isExpressionWithTypeArguments(node)
        ? node.expression
        : ts.isTypeQueryNode(node)
          ? node.exprName
          : ts.isImportTypeNode(node)
            ? node.qualifier
            : undefined;
    if (name !== undefined) note(name);
    ts.forEachChild(node, visit);
  };
  const note = (name) => {
    const at = checker.getSymbolAtLocation(name);
    if (at === undefined) return;
    const target = real(at);
    const [declaration] = target.declarations ?? [];
    if (declaration === undefined || !isOurs(declaration) || exported.has(target)) return;
    if (ts.isTypeParameterDeclaration(declaration) || ts.isParameter(declaration)) return;
    if (isInternal(ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration))
      return;
    found.set(target, relative(OUT, declaration.getSourceFile().fileName));
  };
  for (const declaration of declarationsOf(symbol)) if (isOurs(declaration)) visit(declaration);
  return found;
}

const parts = [ABOUT];
const unnamed = new Map();
const printed = new Map();
for (const [door, symbols] of exportsByDoor) {
  const lines = [`## ${door}`, "", "```text"];
  for (const symbol of symbols) {
    const target = real(symbol);
    const known = printed.get(target);
    if (known !== undefined) {
      lines.push(`${symbol.name} (see ${known})`);
      continue;
    }
    printed.set(target, door);
    const renamed = symbol.name === target.name ? "" : `${symbol.name}: `;
    lines.push(...signaturesOf(target).map((text) => renamed + text));
    for (const [hidden, file] of hiddenTypesOf(target)) {
      const users = unnamed.get(hidden) ?? { file, names: [] };
      users.names.push(symbol.name);
      unnamed.set(hidden, users);
    }
  }
  parts.push([...lines, "```", ""].join("\n"));
}
for (const [symbol, { file, names }] of unnamed)
  console.error(
    `${symbol.name} (${file.replace(/\.d\.ts$/, ".ts")}) is in the signature of ${names.join(", ")}, and no door exports it`,
  );

const report = parts.join("\n");
const check = process.argv.includes("--check");
let kept = "";
try {
  kept = readFileSync(REPORT, "utf8");
} catch (error) {
  if (error.code !== "ENOENT") throw error;
}
if (check && kept !== report) {
  const [before, now] = [new Set(kept.split("\n")), new Set(report.split("\n"))];
  for (const line of before) if (!now.has(line)) console.error(`- ${line}`);
  for (const line of now) if (!before.has(line)) console.error(`+ ${line}`);
  console.error(
    `${REPORT} differs: run npm run docs, and say in CHANGELOG.md what changed for users`,
  );
} else if (!check) {
  writeFileSync(REPORT, report);
}
process.exitCode = unnamed.size > 0 || (check && kept !== report) ? 1 : 0;
