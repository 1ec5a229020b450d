// The list of messages: drawn once, then changed message by message; scrolling and the unread count.

import { bubbleRow } from "./bubbles.js";
import { $, avatar, dayName, element } from "./dom.js";

const AT_ONCE = 150;
const GROUPED_SECONDS = 300;

export class Conversation {
  constructor(hooks) {
    this.hooks = hooks;
    this.messages = new Map();
    this.rows = new Map();
    this.shown = AT_ONCE;
    this.unread = 0;
    this.group = false;
    $("scroll").addEventListener("scroll", () => this.atBottom() && this.seen());
    $("scroll").addEventListener("scroll", () => this.button());
    $("down").addEventListener("click", () => this.toBottom(true));
    new ResizeObserver(() => this.stick && this.toBottom()).observe($("messages"));
    new ResizeObserver(() => this.stick && this.toBottom()).observe($("scroll"));
    this.stick = true;
  }

  load(messages, group, intro) {
    this.group = group;
    this.intro = intro;
    this.messages = new Map(messages.map((message) => [message.id, message]));
    this.draw();
    this.toBottom();
  }

  draw() {
    const list = [...this.messages.values()];
    const visible = list.slice(-this.shown);
    const nodes = [];
    this.rows = new Map();
    if (!list.length && this.intro) nodes.push(this.introduction());
    if (visible.length < list.length) nodes.push(element("button", { class: "earlier", onclick: () => this.more() }, "Earlier messages"));
    let before = null;
    for (const message of visible) {
      nodes.push(...this.nodesFor(message, before));
      before = message;
    }
    $("messages").replaceChildren(...nodes);
    this.shape();
  }

  nodesFor(message, before) {
    const nodes = [];
    if (!before || dayName(before.date) !== dayName(message.date)) nodes.push(element("div", { class: "day" }, dayName(message.date)));
    nodes.push(this.rowFor(message));
    return nodes;
  }

  rowFor(message) {
    const row = message.notice ? element("button", { class: "notice", onclick: () => this.hooks.onquote(message.notice_for) }, message.notice)
      : bubbleRow(message, this.group, this.hooks);
    this.rows.set(message.id, row);
    return row;
  }

  add(message) {
    if (this.messages.has(message.id)) return this.change(message);
    const before = [...this.messages.values()].at(-1);
    const follow = message.mine || this.atBottom();
    this.messages.set(message.id, message);
    if (!before) $("messages").replaceChildren();
    const nodes = this.nodesFor(message, before);
    nodes.at(-1).classList.add("fresh");
    $("messages").append(...nodes);
    this.shape();
    if (follow) this.toBottom();
    else if (message.by_bot) this.unread += 1;
    this.button();
    return undefined;
  }

  change(message) {
    this.messages.set(message.id, message);
    const old = this.rows.get(message.id);
    if (!old) return;
    old.replaceWith(this.rowFor(message));
    this.shape();
  }

  remove(id) {
    this.messages.delete(id);
    this.rows.get(id)?.remove();
    this.rows.delete(id);
    if (this.messages.size) this.shape();
    else this.draw();
  }

  // Neighbours of one sender stand close together; the last of them has the corner.
  shape() {
    const list = [...this.rows.keys()].map((id) => this.messages.get(id)).filter((message) => message && !message.notice);
    list.forEach((message, index) => {
      const row = this.rows.get(message.id);
      row.classList.toggle("first", !together(list[index - 1], message));
      row.classList.toggle("last", !together(message, list[index + 1]));
    });
  }

  more() {
    this.shown += AT_ONCE;
    const height = $("scroll").scrollHeight;
    this.draw();
    $("scroll").scrollTop += $("scroll").scrollHeight - height;
  }

  find(id) {
    if (!this.rows.has(id) && this.messages.has(id)) { this.shown = this.messages.size; this.draw(); }
    const row = this.rows.get(id);
    if (!row) return;
    row.scrollIntoView({ block: "center", behavior: "smooth" });
    row.classList.add("found");
    setTimeout(() => row.classList.remove("found"), 1400);
  }

  atBottom() {
    const { scrollTop, scrollHeight, clientHeight } = $("scroll");
    return scrollHeight - scrollTop - clientHeight < 60;
  }

  toBottom(smooth = false) {
    this.stick = true;
    $("scroll").scrollTo({ top: $("scroll").scrollHeight, behavior: smooth ? "smooth" : "instant" });
    this.seen();
  }

  seen() {
    this.unread = 0;
    this.button();
  }

  button() {
    this.stick = this.atBottom();
    $("down").hidden = this.stick;
    $("unread").hidden = this.unread === 0;
    $("unread").textContent = String(this.unread);
  }

  introduction() {
    const { name, id, description } = this.intro;
    return element("div", { class: "intro" }, avatar(name, id), element("h1", {}, name),
      element("p", {}, description || "Send a message or tap START to begin."));
  }
}

function together(first, second) {
  return Boolean(first && second) && first.sender_id === second.sender_id && first.mine === second.mine
    && second.date - first.date < GROUPED_SECONDS && dayName(first.date) === dayName(second.date);
}
