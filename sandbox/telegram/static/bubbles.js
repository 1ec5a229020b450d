// One message as an element.

import { clock, element, hues, icon } from "./dom.js";
import { formatted } from "./text.js";

// `hooks`: oncommand, onpress(message, button, key), onphoto(message), onquote(id), onmenu(message, x, y)
export function bubbleRow(message, group, hooks) {
  const row = element("div", { class: `row${message.mine ? " mine" : ""}${message.buttons.length ? " keyed" : ""}`, "data-id": message.id });
  const columns = Math.min(4, Math.max(0, ...message.buttons.map((keys) => keys.length)));
  const unit = element("div", { class: `unit${columns ? ` keys-${columns}` : ""}` }, bubble(message, group, hooks));
  if (columns) unit.append(keyboard(message, hooks));
  unit.firstChild.addEventListener("contextmenu", (event) => {
    event.preventDefault();
    hooks.onmenu(message, event.clientX, event.clientY);
  });
  row.append(unit);
  return row;
}

function bubble(message, group, hooks) {
  const attachment = message.attachment;
  const made = element("div", { class: `bubble ${attachment ? attachment.kind : ""}` });
  if (group && !message.mine) {
    const author = element("div", { class: "author" }, message.sender);
    author.style.color = hues(message.sender_id)[0];
    made.append(author);
  }
  if (message.forwarded_from) made.append(element("div", { class: "forwarded" }, "Forwarded from ", element("b", {}, message.forwarded_from)));
  if (message.reply_to) made.append(quote(message.reply_to, hooks));
  if (attachment) made.append(attached(message, hooks));
  if (message.text) made.append(element("div", { class: "text" }, formatted(message.text, message.entities, hooks.oncommand), stamp(message)));
  else made.append(stamp(message));
  if (attachment?.kind === "photo" && !message.text) made.classList.add("bare");
  if (message.reactions.length) made.append(element("div", { class: "reactions" }, ...message.reactions.map((emoji) => element("span", {}, emoji))));
  return made;
}

function stamp(message) {
  return element("span", { class: "stamp" },
    message.silent ? silentMark() : "",
    message.edited ? element("span", { class: "edited" }, "edited") : "",
    element("time", {}, clock(message.date)),
    message.mine ? icon("tick", "ticks") : "");
}

function silentMark() {
  return element("span", { class: "silent", title: "Sent without a sound", role: "img", "aria-label": "silent" }, icon("silent"));
}

function quote(original, hooks) {
  return element("button", { class: "quote", onclick: () => hooks.onquote(original.id) },
    element("b", {}, original.sender), element("span", {}, original.text));
}

function attached(message, hooks) {
  const { kind, url, name, size, width, height, emoji } = message.attachment;
  if (kind === "sticker") return document.createTextNode(emoji || "🙂");
  if (kind === "document") {
    const kilobytes = `${Math.max(1, Math.round(size / 1024))} KB`;
    return element("a", { class: "document", href: url, download: name || "file" }, element("i", {}, icon("file")),
      element("span", {}, name || "File", element("small", {}, kilobytes)));
  }
  const image = element("img", { src: url, alt: "Photo", width: width || null, height: height || null, loading: "lazy" });
  return element("button", { class: "picture", "aria-label": "Enlarge the photo", onclick: () => hooks.onphoto(message) }, image);
}

function keyboard(message, hooks) {
  const rows = message.buttons.map((keys) => element("div", {}, ...keys.map((button) => key(message, button, hooks))));
  return element("div", { class: "keyboard" }, ...rows);
}

function key(message, button, hooks) {
  if (button.url && /^(https?|tg):/i.test(button.url)) {
    return element("a", { class: "key", href: button.url, target: "_blank", rel: "noopener noreferrer" }, button.text, icon("link", "corner"));
  }
  const press = (event) => hooks.onpress(message, button, event.currentTarget);
  return element("button", { class: "key", onclick: press }, button.text);
}
