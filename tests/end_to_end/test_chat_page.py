"""The chat page in a real browser, with a bot behind it that runs on unmodified python-telegram-bot."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect
from telegram import BotCommand, InlineKeyboardButton, InlineKeyboardMarkup, Update
from telegram.ext import Application, CallbackQueryHandler, CommandHandler, ContextTypes

from sandbox.telegram.testing import OWNER, RunningTelegram, running_telegram

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-sync",
    "--no-first-run",
    "--disable-component-update",
]
GIF = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x80\x80\xff\xff\xff" + (
    b",\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"
)
NASTY = "<img src=x onerror=document.title='taken'>"


def chromium() -> str:
    """The browser; without one this is a failure in CI and a skip elsewhere."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if found is None and os.environ.get("CI"):
        pytest.fail("Chromium is missing, and in CI the chat page must be tested: install it or set CHROMIUM")
    if found is None:
        pytest.skip("no Chromium on this machine; set CHROMIUM to its path")
    return found


@asynccontextmanager
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        yield opened
        await opened.close()


async def on_start(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
    assert update.message is not None
    keys = [
        [
            InlineKeyboardButton("Toast", callback_data="toast"),
            InlineKeyboardButton("Alert", callback_data="alert"),
        ],
        [InlineKeyboardButton("Edit", callback_data="edit")],
    ]
    text = (
        f"<b>Desk</b> {' '.join(context.args or [])}\n<code>BTC  +1.2 %</code>\n{NASTY.replace('<', '&lt;')}"
    )
    await update.message.reply_html(text, reply_markup=InlineKeyboardMarkup(keys))


async def on_chart(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
    assert update.message is not None
    await update.message.reply_photo(GIF, caption="the chart", disable_notification=True)


async def on_desk(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
    assert update.message is not None
    sent = await update.message.reply_text("Dashboard one")
    await sent.pin(disable_notification=True)
    await sent.edit_text("Dashboard two")


async def on_press(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
    query = update.callback_query
    assert query is not None
    await query.answer(f"said {query.data}", show_alert=query.data == "alert")
    if query.data == "edit":
        await query.edit_message_text("Changed")


@asynccontextmanager
async def talking_bot(telegram: RunningTelegram) -> AsyncIterator[Application[Any, Any, Any, Any, Any, Any]]:
    builder = (
        Application.builder()
        .token("1:test")
        .base_url(telegram.base_url)
        .base_file_url(telegram.base_file_url)
    )
    application = builder.build()
    for name, handler in {"start": on_start, "chart": on_chart, "desk": on_desk}.items():
        application.add_handler(CommandHandler(name, handler))
    application.add_handler(CallbackQueryHandler(on_press))
    assert application.updater is not None
    async with application:
        await application.bot.set_my_commands(
            [BotCommand("desk", "The dashboard"), BotCommand("chart", "A picture")]
        )
        await application.start()
        await application.updater.start_polling()
        yield application
        await application.updater.stop()
        await application.stop()


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    """The page of an empty chat, opened by a link with a start code, a bot behind it."""
    async with running_telegram() as telegram, talking_bot(telegram), browser() as opened:
        page = await opened.new_page(viewport={"width": 390, "height": 844})
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on(
            "request",
            lambda request: None if request.url.startswith(telegram.address) else errors.append(request.url),
        )
        await page.goto(f"{telegram.address}/?start=CODE")
        yield page
        assert errors == []  # no script error, nothing asked of anybody else


async def test_a_conversation(page: Page) -> None:
    await page.get_by_role("button", name="START").click()
    desk = page.locator(".row:not(.mine)").filter(has_text="Desk CODE")
    await expect(desk.locator("b").first).to_have_text("Desk")
    await expect(desk.locator("code")).to_have_text("BTC  +1.2 %")
    await expect(desk.locator(".text")).to_contain_text(NASTY)
    await expect(page.locator(".messages img")).to_have_count(0)
    await expect(page.locator(".row.mine .text")).to_contain_text("/start CODE")

    await page.get_by_role("button", name="Toast").click()
    await expect(page.locator("#toast")).to_have_text("said toast")
    await page.get_by_role("button", name="Alert").click()
    await expect(page.locator("#alert-text")).to_have_text("said alert")
    await page.get_by_role("button", name="OK").click()
    await page.get_by_role("button", name="Edit").click()
    changed = page.locator(".row:not(.mine)").filter(has_text="Changed")
    await expect(changed.locator(".edited")).to_have_text("edited")
    await expect(changed.locator(".key")).to_have_count(0)
    assert await page.title() == "Pocketdesk"


async def test_photo_pin_and_menu(page: Page) -> None:
    await page.get_by_role("button", name="START").click()
    await page.locator("#menu").click()
    await expect(page.locator("#suggestions button")).to_have_count(2)
    await page.locator("#suggestions button").filter(has_text="/desk").click()
    await expect(page.locator("#pin-line")).to_have_text("Dashboard two")
    await expect(page.locator(".notice")).to_contain_text("pinned")

    await page.locator("#input").fill("/ch")
    await expect(page.locator("#suggestions button")).to_have_count(1)
    await page.keyboard.press("Enter")
    await expect(page.locator(".row .silent")).to_have_count(1)
    await page.get_by_role("button", name="Enlarge the photo").click()
    await expect(page.locator("#viewer-caption")).to_have_text("the chart")
    shown = "image => image.complete && image.naturalWidth > 0"
    assert await page.locator("#viewer-image").evaluate(shown)
    await page.locator("#viewer").click()
    await expect(page.locator("#viewer")).not_to_be_visible()


async def test_own_messages_are_edited_and_deleted(page: Page) -> None:
    await page.get_by_role("button", name="START").click()
    await page.locator("#input").fill("helo")
    await page.locator("#input").press("Enter")
    own = page.locator(".row.mine").filter(has_text="hel")
    await own.locator(".bubble").click(button="right")
    await page.get_by_role("menuitem", name="Edit").click()
    await page.locator("#input").fill("hello")
    await page.locator("#input").press("Enter")
    await expect(own.locator(".text")).to_contain_text("hello")
    await expect(own.locator(".edited")).to_be_visible()
    await own.locator(".bubble").click(button="right")
    await page.get_by_role("menuitem", name="Delete").click()
    await expect(own).to_have_count(0)


async def test_people_and_chats_are_switched(page: Page) -> None:
    await page.locator("#playing").click()
    await page.locator("#sheet").get_by_role("button", name=re.compile("Stranger")).click()
    await expect(page.locator("#playing")).to_contain_text("Stranger")
    await page.locator("#who").click()
    await page.locator("#sheet").get_by_role("button", name=re.compile("Trading friends")).click()
    await expect(page.locator("#title")).to_have_text("Trading friends")
    await expect(page.locator("#status")).to_have_text("3 members")


async def test_nothing_is_wider_than_the_phone() -> None:
    async with running_telegram() as telegram, telegram.phone() as phone, browser() as opened:
        await phone.send("W" * 300)
        for width in (320, 390, 1200):
            page = await opened.new_page(viewport={"width": width, "height": 700})
            await page.goto(f"{telegram.address}/?user={OWNER}")
            await expect(page.locator(".bubble")).to_have_count(1)
            inside = "list => list.scrollWidth <= list.clientWidth"
            assert await page.locator("#scroll").evaluate(inside)
