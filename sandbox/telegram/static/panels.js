// Toasts, alerts, the photo viewer, the menu of a message, and the sheet with chats and people.

import { $, avatar, element, icon } from "./dom.js";

let toastTimer = 0;

export function toast(text) {
  $("toast").textContent = text;
  $("toast").hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => { $("toast").hidden = true; }, 3500);
}

export function showAlert(text) {
  $("alert-text").textContent = text;
  $("alert").showModal();
}

export function showPhoto(message) {
  $("viewer-image").src = message.attachment.url;
  $("viewer-caption").textContent = message.text;
  $("viewer").showModal();
}

// `items`: [icon, label, action, danger?]
export function showActions(items, x, y) {
  const menu = $("actions");
  menu.replaceChildren(...items.map(([symbol, label, action, danger]) => element("button",
    { role: "menuitem", class: danger ? "danger" : "", onclick: () => { menu.hidden = true; action(); } }, icon(symbol), label)));
  menu.hidden = false;
  const frame = menu.parentElement.getBoundingClientRect();
  menu.style.left = `${Math.max(8, Math.min(x - frame.left, frame.width - menu.offsetWidth - 8))}px`;
  menu.style.top = `${Math.max(8, Math.min(y - frame.top, frame.height - menu.offsetHeight - 8))}px`;
  menu.firstChild.focus();
}

// `sections`: [title, [{name, note, id, on, count, danger, action}]]
export function showSheet(sections) {
  const nodes = sections.flatMap(([title, choices]) => [element("h2", {}, title), ...choices.map(choice)]);
  $("sheet").replaceChildren(...nodes);
  $("sheet").showModal();
}

function choice({ name, note, id, on, count, danger, action }) {
  return element("button", { class: `choice${danger ? " danger" : ""}`, onclick: () => { $("sheet").close(); action(); } },
    id === undefined ? "" : avatar(name, id),
    element("span", { class: "names" }, element("b", {}, name), note ? element("small", {}, note) : ""),
    count ? element("span", { class: "count" }, String(count)) : "",
    on ? element("span", { class: "check" }, icon("check")) : "");
}

$("alert-close").addEventListener("click", () => $("alert").close());
$("viewer").addEventListener("click", () => $("viewer").close());
$("sheet").addEventListener("click", (event) => event.target === $("sheet") && $("sheet").close());
document.addEventListener("pointerdown", (event) => { if (!$("actions").contains(event.target)) $("actions").hidden = true; });
document.addEventListener("keydown", (event) => { if (event.key === "Escape") $("actions").hidden = true; });
