// The line at the bottom: writing, commands, replies and edits, the bot's reply keyboard, START.

import { act, sendPhoto } from "./api.js";
import { $, element, icon } from "./dom.js";

export class Composer {
  // `place()` tells who writes where; `fail(error)` shows a sentence.
  constructor(place, fail) {
    this.place = place;
    this.fail = fail;
    this.commands = [];
    this.context = null;
    this.start = null;
    this.chosen = 0;
    $("send").append(icon("send"));
    $("attach").append(icon("attach"));
    $("context-close").append(icon("close"));
    $("menu").append(icon("menu"), "Menu");
    $("down").prepend(icon("down"));
    $("input").addEventListener("input", () => this.typed());
    $("input").addEventListener("keydown", (event) => this.pressed(event));
    $("send").addEventListener("click", () => this.submit());
    $("menu").addEventListener("click", () => this.toggleMenu());
    $("attach").addEventListener("click", () => $("file").click());
    $("file").addEventListener("change", () => this.photo());
    $("context-close").addEventListener("click", () => this.setContext(null));
    $("start").addEventListener("click", () => this.begin());
    this.typed();
  }

  setCommands(commands, menuButton) {
    this.commands = commands;
    $("menu").hidden = !commands.length || !["commands", "default"].includes(menuButton.type);
  }

  // `start`: null for the plain line, else the text that the START button sends.
  setStart(start) {
    this.start = start;
    $("start").hidden = start === null;
    $("line").hidden = start !== null;
  }

  setContext(context) {
    this.context = context;
    $("context").hidden = context === null;
    if (context === null) return;
    $("context-icon").replaceChildren(icon(context.kind));
    $("context-title").textContent = context.kind === "edit" ? "Edit message" : `Reply to ${context.message.sender}`;
    $("context-line").textContent = context.message.text || "Photo";
    if (context.kind === "edit") $("input").value = context.message.text;
    this.typed();
    $("input").focus();
  }

  setKeyboard(markup) {
    const rows = markup?.keyboard || [];
    $("reply-keyboard").hidden = !rows.length;
    $("reply-keyboard").replaceChildren(...rows.map((row) => element("div", {}, ...row.map((button) =>
      element("button", { onclick: () => this.say(button.text) }, button.text)))));
    $("input").placeholder = markup?.input_field_placeholder || "Message";
  }

  async say(text) {
    try {
      const { user, chat, voice } = this.place();
      await act("send", { user, chat, voice, text, reply_to: this.context?.kind === "reply" ? this.context.message.id : null });
    } catch (error) { this.fail(error); return false; }
    return true;
  }

  async submit() {
    const text = $("input").value;
    if (!text.trim()) return;
    const done = this.context?.kind === "edit" ? await this.change(text) : await this.say(text);
    if (!done) return;
    if ($("input").value === text) $("input").value = "";
    this.setContext(null);
    this.typed();
  }

  async change(text) {
    try {
      const { user, chat } = this.place();
      await act("edit", { user, chat, message: this.context.message.id, text });
    } catch (error) { this.fail(error); return false; }
    return true;
  }

  async begin() {
    const text = this.start;
    if (await this.say(text)) this.setStart(null);
  }

  async photo() {
    const [file] = $("file").files;
    $("file").value = "";
    if (!file) return;
    try { await sendPhoto(this.place(), file, $("input").value.trim()); $("input").value = ""; this.typed(); } catch (error) { this.fail(error); }
  }

  typed() {
    const input = $("input");
    input.style.height = "auto";
    input.style.height = `${Math.min(input.scrollHeight || 38, 140)}px`;
    $("send").disabled = !input.value.trim();
    const begun = /^\/(\w*)$/.exec(input.value);
    this.suggest(begun ? this.commands.filter((item) => item.command.startsWith(begun[1].toLowerCase())) : []);
  }

  toggleMenu() {
    this.suggest($("suggestions").hidden ? this.commands : []);
  }

  suggest(commands) {
    this.chosen = 0;
    $("suggestions").hidden = !commands.length;
    $("suggestions").replaceChildren(...commands.map((item, index) => element("button",
      { role: "option", class: index === 0 && $("input").value ? "on" : "", "data-command": item.command, onclick: () => this.run(item.command) },
      element("b", {}, `/${item.command}`), element("span", {}, item.description))));
  }

  async run(command) {
    this.suggest([]);
    if (await this.say(`/${command}`)) { $("input").value = ""; this.typed(); }
  }

  pressed(event) {
    const options = [...$("suggestions").children];
    if (!$("suggestions").hidden && ["ArrowDown", "ArrowUp", "Tab"].includes(event.key)) {
      event.preventDefault();
      if (event.key === "Tab") { $("input").value = `/${options[this.chosen].dataset.command} `; this.typed(); return; }
      this.chosen = (this.chosen + (event.key === "ArrowDown" ? 1 : options.length - 1)) % options.length;
      options.forEach((option, index) => option.classList.toggle("on", index === this.chosen));
      options[this.chosen].scrollIntoView({ block: "nearest" });
    } else if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      if ($("suggestions").hidden || !$("input").value) this.submit();
      else this.run(options[this.chosen].dataset.command);
    } else if (event.key === "Escape") { this.suggest([]); this.setContext(null); }
  }
}
