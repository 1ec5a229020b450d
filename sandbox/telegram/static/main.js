// The page's own state: who is played, in which chat; what the server tells goes to the parts of the page.

import { act, listen, read } from "./api.js";
import { Composer } from "./composer.js";
import { Conversation } from "./conversation.js";
import { $, avatar, element, icon } from "./dom.js";
import { showActions, showAlert, showPhoto, showSheet, toast } from "./panels.js";

const TYPING_MS = 5000;
const asked = new URLSearchParams(location.search);
const here = { user: Number(asked.get("user")) || 1001, chat: Number(asked.get("chat")) || 0, voice: "self" };
here.chat ||= here.user;
let startCode = asked.get("start");
let state = null;
let stream = null;
let pinned = [];
let pinAt = 0;
let typing = 0;
let generation = 0;
const unread = new Map();

const fail = (error) => toast(error.message);
const composer = new Composer(() => here, fail);
const conversation = new Conversation({
  oncommand: (text) => composer.say(text),
  onpress: press,
  onphoto: showPhoto,
  onquote: (id) => conversation.find(id),
  onmenu: messageMenu,
});

const currentChat = () => state.chats.find((chat) => chat.id === here.chat);

async function refresh() {
  const mine = ++generation;
  const fresh = await read("state", { user: here.user });
  if (!fresh.chats.some((chat) => chat.id === here.chat)) here.chat = here.user;
  const found = await read("messages", { user: here.user, chat: here.chat });
  if (mine !== generation) return;
  state = fresh;
  drawHeader();
  const intro = currentChat().type === "private" ? { name: state.bot.first_name, id: state.bot.id, description: state.bot.profile.description } : null;
  conversation.load(found.messages, currentChat().type !== "private", intro);
  setPins(found.pinned);
  drawComposer();
}

function drawHeader() {
  const chat = currentChat();
  const person = state.users.find((user) => user.id === here.user);
  const face = avatar(chat.title, chat.type === "private" ? state.bot.id : chat.id);
  face.id = "avatar";
  $("avatar").replaceWith(face);
  $("title").textContent = chat.title;
  document.title = chat.title;
  $("playing").replaceChildren(avatar(person.first_name, person.id, "small"), element("span", {}, person.first_name));
  setStatus("");
}

function setStatus(text) {
  const chat = currentChat();
  const quiet = chat.type === "private" ? "bot" : `${chat.members} members`;
  $("status").textContent = text || quiet;
  $("status").classList.toggle("busy", Boolean(text));
}

function drawComposer() {
  composer.setCommands(state.commands, state.bot.menu_button);
  composer.setContext(null);
  const list = [...conversation.messages.values()];
  const last = list.filter((message) => message.keyboard).at(-1)?.keyboard;
  composer.setKeyboard(last && !last.remove_keyboard ? last : null);
  const begin = currentChat().type === "private" && (!list.length || startCode || state.blocked);
  composer.setStart(begin ? `/start${startCode ? ` ${startCode}` : ""}` : null);
  $("start").textContent = state.blocked ? "UNBLOCK" : "START";
}

function setPins(ids) {
  pinned = ids;
  pinAt = Math.max(0, ids.length - 1);
  drawPins();
}

function drawPins() {
  const message = conversation.messages.get(pinned[pinAt]);
  $("pins").hidden = !message;
  if (!message) return;
  $("pin-label").textContent = pinned.length > 1 ? `Pinned message ${pinAt + 1} of ${pinned.length}` : "Pinned message";
  $("pin-line").textContent = message.text.split("\n").filter(Boolean).join(" · ") || "Photo";
  $("pin-marks").replaceChildren(...pinned.slice(-4).map((id) => element("i", { class: id === message.id ? "on" : "" })));
}

function onEvent(event) {
  if (["commands", "profile", "chats"].includes(event.kind)) return void reread();
  if (event.chat !== here.chat) return void count(event);
  const { message } = event;
  if (event.kind === "message") arrived(message);
  if (event.kind === "edit") conversation.change(message);
  if (event.kind === "delete") conversation.remove(message.id);
  if (event.kind === "pins") read("messages", { user: here.user, chat: here.chat }).then((found) => setPins(found.pinned)).catch(fail);
  if (event.kind === "action") busy(event.data.text);
  if (event.kind === "edit" || event.kind === "delete") drawPins();
  return undefined;
}

function arrived(message) {
  conversation.add(message);
  if (message.by_bot) { clearTimeout(typing); setStatus(""); }
  if (message.keyboard) composer.setKeyboard(message.keyboard.remove_keyboard ? null : message.keyboard);
  if (message.mine) { startCode = null; composer.setStart(null); history.replaceState(null, "", address()); }
  if (message.keyboard?.force_reply) composer.setContext({ kind: "reply", message });
}

function busy(text) {
  clearTimeout(typing);
  setStatus(text);
  typing = setTimeout(() => setStatus(""), TYPING_MS);
}

function count(event) {
  if (event.kind === "message" && event.message.by_bot) unread.set(event.chat, (unread.get(event.chat) || 0) + 1);
}

async function reread() {
  const before = state.blocked;
  state = await read("state", { user: here.user });
  if (!currentChat()) return refresh();
  drawHeader();
  composer.setCommands(state.commands, state.bot.menu_button);
  if (state.blocked !== before) drawComposer();
  return undefined;
}

async function press(message, button, key) {
  key.classList.add("waiting");
  try {
    const answer = await act("press", { user: here.user, chat: here.chat, message: message.id, data: button.data, timeout: 30 });
    if (!answer.answered) toast("The bot did not answer.");
    else if (answer.text && answer.show_alert) showAlert(answer.text);
    else if (answer.text) toast(answer.text);
  } catch (error) { fail(error); } finally { key.classList.remove("waiting"); }
}

function messageMenu(message, x, y) {
  const place = { user: here.user, chat: here.chat, message: message.id };
  const items = [["reply", "Reply", () => composer.setContext({ kind: "reply", message })]];
  if (message.text) items.push(["copy", "Copy text", () => navigator.clipboard?.writeText(message.text)]);
  items.push(["forward", "Forward", () => forward(place)]);
  if (!message.by_bot && message.text && (message.mine || here.voice !== "self")) items.push(["edit", "Edit", () => composer.setContext({ kind: "edit", message })]);
  items.push(["trash", "Delete", () => act("delete", place).catch(fail), true]);
  showActions(items, x, y);
}

function forward(place) {
  const chats = state.chats.map((chat) => ({ name: chat.title, note: kindOf(chat), id: shownId(chat),
    action: () => act("forward", { ...place, to: chat.id }).then(() => toast(`Forwarded to ${chat.title}`)).catch(fail) }));
  showSheet([["Forward to", chats]]);
}

const kindOf = (chat) => (chat.type === "private" ? "private chat" : `${chat.type}, ${chat.members} members`);
const shownId = (chat) => (chat.type === "private" ? state.bot.id : chat.id);

async function openSheet() {
  state = await read("state", { user: here.user });
  const chats = state.chats.map((chat) => ({ name: chat.title, note: chat.last || kindOf(chat), id: shownId(chat), on: chat.id === here.chat,
    count: unread.get(chat.id), action: () => go(here.user, chat.id) }));
  const people = state.users.map((user) => ({ name: user.first_name, note: user.username ? `@${user.username}` : "", id: user.id,
    on: user.id === here.user, action: () => go(user.id, user.id) }));
  const sections = [["Chats", chats], ["Play as", people]];
  if (["group", "supergroup"].includes(currentChat().type)) sections.push(["Write here as", voices()]);
  const block = (blocked) => act("block", { user: here.user, blocked }).catch(fail);
  sections.push(["The bot", [{ name: state.blocked ? "Unblock the bot" : "Block the bot", danger: !state.blocked, action: () => block(!state.blocked) }]]);
  showSheet(sections);
}

function voices() {
  const names = { self: "Myself", ...(currentChat().admin ? { anonymous_admin: "Anonymous admin" } : {}), channel: "A channel" };
  return Object.entries(names).map(([voice, name]) => ({ name, on: here.voice === voice, action: () => { here.voice = voice; } }));
}

const address = () => `/?${new URLSearchParams({ user: here.user, chat: here.chat })}`;

function go(user, chat) {
  const otherPerson = user !== here.user;
  Object.assign(here, { user, chat, voice: "self" });
  unread.delete(chat);
  history.replaceState(null, "", address());
  if (otherPerson) connect();
  else refresh().catch(fail);
}

function connect() {
  stream?.close();
  stream = listen(here.user, onEvent, () => refresh().catch(fail), () => { if (state) setStatus("connecting…"); });
}

$("pin-icon").append(icon("pin"));
$("who").addEventListener("click", () => openSheet().catch(fail));
$("playing").addEventListener("click", () => openSheet().catch(fail));
$("pins").addEventListener("click", () => {
  conversation.find(pinned[pinAt]);
  pinAt = (pinAt + pinned.length - 1) % pinned.length;
  drawPins();
});
connect();
