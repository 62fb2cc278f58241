/**
 * Elements, and bringing what is shown in line with what should be. All text goes through text nodes: nothing that comes from the
 * journal is ever read as markup.
 */
const SVG = "http://www.w3.org/2000/svg";
const HANDLERS = Symbol("handlers");
/** Symbols, since a field named `key` would stand for the `key` of its form. */
const KEY = Symbol("key");
const GIVEN = Symbol("given");
const SVG_TAGS = new Set(
  "svg g path rect line circle text polyline polygon title marker defs tspan".split(" "),
);
/** Attributes through which text could become code. */
const UNSAFE = /^(on|style$|srcdoc$|srcset$)/i;

/**
 * An element: `h("button.primary", { type: "button", onClick }, "Save")`. `key` tells siblings apart when they move.
 * Attributes that are false or undefined are left out; children that are false, null or undefined, too.
 */
export function h(what, given = {}, ...children) {
  const [tag, ...classes] = what.split(".");
  const element =
    SVG_TAGS.has(tag) && tag !== "title" && given.html !== true
      ? document.createElementNS(SVG, tag)
      : tag === "title"
        ? document.createElementNS(SVG, tag)
        : document.createElement(tag);
  const names = [...classes, ...String(given.class ?? "").split(" ")].filter((name) => name !== "");
  if (names.length > 0) element.setAttribute("class", names.join(" "));
  for (const [name, value] of Object.entries(given)) {
    if (
      name === "class" ||
      name === "html" ||
      value === undefined ||
      value === false ||
      value === null
    )
      continue;
    if (name === "key") element[KEY] = value;
    else if (/^on[A-Z]/.test(name)) listen(element, name.slice(2).toLowerCase(), value);
    else if (UNSAFE.test(name)) throw new Error(`no attribute ${name} here`);
    else if (name === "href" && !/^[#/]/.test(String(value)))
      throw new Error("only links within the panel");
    else if (name === "value") {
      element.value = value;
      element[GIVEN] = value;
    } else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...nodesOf(children));
  return element;
}

/** One listener for each kind of event, which asks for the handler of the moment: a patched element keeps it. */
function listen(element, type, handler) {
  element[HANDLERS] ??= {};
  const isNew = element[HANDLERS][type] === undefined;
  element[HANDLERS][type] = handler;
  if (isNew) element.addEventListener(type, heard);
}

function heard(event) {
  return event.currentTarget[HANDLERS]?.[event.type]?.(event);
}

function nodesOf(children) {
  return children
    .flat(Infinity)
    .filter((child) => child !== undefined && child !== null && child !== false && child !== true)
    .map((child) => (child instanceof Node ? child : document.createTextNode(String(child))));
}

/** Makes the children of `parent` what is given, and keeps what is the same: focus, selection and scrolling stay. */
export function patch(parent, ...children) {
  const wanted = nodesOf(children);
  const keyed = new Map();
  for (const child of parent.childNodes)
    if (child[KEY] !== undefined && !keyed.has(child[KEY])) keyed.set(child[KEY], child);
  let at = parent.firstChild;
  for (const next of wanted) {
    const same = next[KEY] === undefined ? at : (keyed.get(next[KEY]) ?? at);
    // Of two with one key the second is another: moving one to and fro would take the focus from it.
    keyed.delete(next[KEY]);
    if (same !== null && alike(same, next)) {
      if (same !== at) parent.insertBefore(same, at);
      else at = at.nextSibling;
      update(same, next);
    } else parent.insertBefore(next, at);
  }
  while (at !== null) {
    const after = at.nextSibling;
    at.remove();
    at = after;
  }
}

function alike(one, other) {
  return (
    one.nodeType === other.nodeType && one.nodeName === other.nodeName && one[KEY] === other[KEY]
  );
}

function update(shown, wanted) {
  if (shown === wanted) return;
  if (shown.nodeType === Node.TEXT_NODE) {
    if (shown.data !== wanted.data) shown.data = wanted.data;
    return;
  }
  for (const { name } of [...shown.attributes])
    if (!wanted.hasAttribute(name) && !isOfTheUser(shown, name)) shown.removeAttribute(name);
  for (const { name, value } of wanted.attributes)
    if (shown.getAttribute(name) !== value && !isOfTheUser(shown, name))
      shown.setAttribute(name, value);
  for (const [type, handler] of Object.entries(wanted[HANDLERS] ?? {}))
    listen(shown, type, handler);
  for (const type of Object.keys(shown[HANDLERS] ?? {}))
    if (wanted[HANDLERS]?.[type] === undefined) delete shown[HANDLERS][type];
  patch(shown, ...wanted.childNodes);
  if (shown.type === "checkbox") shown.checked = wanted.checked;
  // What somebody typed stays until another value is meant for the field.
  if (shown[GIVEN] !== wanted[GIVEN]) {
    shown[GIVEN] = wanted[GIVEN];
    shown.value = wanted.value;
  }
}

/** What somebody opened stays open. */
function isOfTheUser(element, name) {
  return name === "open" && (element.nodeName === "DETAILS" || element.nodeName === "DIALOG");
}
