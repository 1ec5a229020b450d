// Turns a text and its entities into elements; offsets count UTF-16 units, as JavaScript's strings do.

import { element } from "./dom.js";

const SIMPLE = { bold: "b", italic: "i", underline: "u", strikethrough: "s" };
const SAFE = /^(https?|tg|mailto|tel):/i;

export function formatted(text, entities, oncommand) {
  const sorted = [...entities].sort((a, b) => a.offset - b.offset || b.length - a.length);
  const made = document.createDocumentFragment();
  made.append(...parts(text, sorted, 0, text.length, oncommand));
  return made;
}

function parts(text, entities, from, to, oncommand) {
  const nodes = [];
  let at = from;
  let index = 0;
  while (index < entities.length) {
    const entity = entities[index];
    const start = Math.max(entity.offset, at);
    const end = Math.min(entity.offset + entity.length, to);
    index += 1;
    if (end <= start) continue;
    const inner = [];
    while (index < entities.length && entities[index].offset < end) inner.push(entities[index++]);
    if (start > at) nodes.push(text.slice(at, start));
    nodes.push(wrapped(entity, text.slice(start, end), parts(text, inner, start, end, oncommand), oncommand));
    at = end;
  }
  if (at < to) nodes.push(text.slice(at, to));
  return nodes;
}

function wrapped(entity, plain, children, oncommand) {
  const kind = entity.type;
  if (SIMPLE[kind]) return element(SIMPLE[kind], {}, ...children);
  if (kind === "code") return element("code", { title: "Tap to copy", onclick: () => navigator.clipboard?.writeText(plain) }, ...children);
  if (kind === "pre") return element("pre", {}, entity.language ? element("span", { class: "language" }, entity.language) : "", element("code", {}, ...children));
  if (kind === "text_link") return link(entity.url, children);
  if (kind === "url") return link(/^[a-z]+:/i.test(plain) ? plain : `https://${plain}`, children);
  if (kind === "email") return link(`mailto:${plain}`, children);
  if (kind === "bot_command") return command(plain, children, oncommand);
  if (kind === "spoiler") return opening("span", "spoiler", children);
  if (kind === "blockquote") return element("blockquote", {}, ...children);
  if (kind === "expandable_blockquote") return opening("blockquote", "expandable", children);
  return element("span", { class: kind }, ...children);
}

function link(address, children) {
  if (!SAFE.test(address || "")) return element("span", {}, ...children);
  return element("a", { href: address, target: "_blank", rel: "noopener noreferrer" }, ...children);
}

function command(plain, children, oncommand) {
  const run = (event) => { event.preventDefault(); oncommand(plain); };
  return element("a", { href: "#", class: "command", onclick: run }, ...children);
}

function opening(tag, kind, children) {
  return element(tag, { class: kind, onclick: (event) => event.currentTarget.classList.toggle("open") }, ...children);
}
