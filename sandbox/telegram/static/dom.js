// Small helpers to build the page. Text always goes in as text nodes: nothing that a person or a bot wrote becomes markup.

const SVG = "http://www.w3.org/2000/svg";

const PATHS = {
  send: ["M4 12h15", "M13 6l6 6-6 6"],
  attach: ["M20 11.5l-8.2 8.2a5 5 0 01-7.1-7.1l8.6-8.6a3.4 3.4 0 014.8 4.8l-8.6 8.6a1.7 1.7 0 01-2.4-2.4l7.9-7.9"],
  menu: ["M4 7h16", "M4 12h16", "M4 17h10"],
  close: ["M6 6l12 12", "M18 6L6 18"],
  down: ["M6 9l6 6 6-6"],
  pin: ["M9 4h6l-1 6 3 3v2H7v-2l3-3z", "M12 15v6"],
  silent: ["M18 14V10a6 6 0 00-9.5-4.9", "M6 10v5l-2 2h13", "M10 20h4", "M4 4l16 16"],
  tick: ["M2 13l4 4L15 7", "M11 16l1 1L21 7"],
  check: ["M5 13l5 5L20 7"],
  reply: ["M10 6L4 12l6 6", "M4 12h9a7 7 0 017 7"],
  forward: ["M14 6l6 6-6 6", "M20 12h-9a7 7 0 00-7 7"],
  edit: ["M4 20l1-5L16 4l4 4L9 19z"],
  copy: ["M9 9h11v11H9z", "M5 15H4V4h11v1"],
  trash: ["M5 7h14", "M10 7V4h4v3", "M7 7l1 13h8l1-13"],
  link: ["M7 17L17 7", "M9 7h8v8"],
  file: ["M7 3h7l5 5v13H7z", "M14 3v5h5"],
};

export const $ = (id) => document.getElementById(id);

export function icon(name, kind = "") {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  if (kind) svg.setAttribute("class", kind);
  for (const line of PATHS[name]) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", line);
    svg.append(path);
  }
  return svg;
}

// element("button", {class: "key", onclick: f}, "text", otherElement, …)
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return made;
}

const HUES = [["#e0905a", "#b9474f"], ["#2bb0a6", "#17688f"], ["#7b8be0", "#5a4aa8"], ["#5db56a", "#2c7a58"], ["#d677a8", "#94437f"], ["#5aa9dd", "#2f62a8"]];

export function hues(id) {
  return HUES[Math.abs(id) % HUES.length];
}

export function avatar(name, id, kind = "") {
  const letters = name.split(/\s+/).map((word) => [...word][0] || "").slice(0, 2).join("").toUpperCase();
  const made = element("span", { class: `avatar ${kind}`, "aria-hidden": "true" }, letters);
  const [from, to] = hues(id);
  made.style.setProperty("--a", from);
  made.style.setProperty("--b", to);
  return made;
}

export function clock(seconds) {
  return new Date(seconds * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hour12: false });
}

export function dayName(seconds) {
  const day = new Date(seconds * 1000);
  const days = Math.round((new Date().setHours(0, 0, 0, 0) - new Date(day).setHours(0, 0, 0, 0)) / 86400000);
  if (days === 0) return "Today";
  if (days === 1) return "Yesterday";
  return day.toLocaleDateString([], { day: "numeric", month: "long" });
}
