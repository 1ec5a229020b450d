"""The sandbox's readers of HTML and MarkdownV2, against what the real server answers."""

from __future__ import annotations

import pytest

from sandbox.telegram.errors import ApiError
from sandbox.telegram.formatting import Formatted, with_found_entities
from sandbox.telegram.html import parse_html
from sandbox.telegram.markdown import parse_markdown
from sandbox.telegram.model import Entity


def marks(formatted: Formatted) -> list[tuple[str, str]]:
    """Kind and covered text of each entity."""
    units = formatted.text.encode("utf-16-le")
    return [
        (e.type, units[2 * e.offset : 2 * (e.offset + e.length)].decode("utf-16-le"))
        for e in formatted.entities
    ]


@pytest.mark.parametrize(
    ("source", "text", "expected"),
    [
        ("<b>bold</b> plain", "bold plain", [("bold", "bold")]),
        ("<strong><em>x</em></strong>", "x", [("bold", "x"), ("italic", "x")]),
        ("😀 <b>after</b>", "😀 after", [("bold", "after")]),
        ("a &lt;b&gt; &amp; &#65;&#x42; &nbsp;", "a <b> & AB &nbsp;", []),
        ('<span class="tg-spoiler">s</span>', "s", [("spoiler", "s")]),
        ("<tg-spoiler>s</tg-spoiler>", "s", [("spoiler", "s")]),
        ('<pre><code class="language-python">1</code></pre>', "1", [("pre", "1")]),
        ("<blockquote expandable>q</blockquote>", "q", [("expandable_blockquote", "q")]),
        ("<code>  a\n b</code>\n", "a\n b", [("code", "a\n b")]),
        ("<b></b>x", "x", []),
        ("<B>x</>", "x", [("bold", "x")]),
        ('<a href="https://example.org/?a=1&amp;b=2">l</a>', "l", [("text_link", "l")]),
    ],
)
def test_html_gives_text_and_entities(source: str, text: str, expected: list[tuple[str, str]]) -> None:
    formatted = parse_html(source)
    assert formatted.text == text
    assert marks(formatted) == expected


def test_html_keeps_language_and_address() -> None:
    assert parse_html('<pre><code class="language-python">1</code></pre>').entities[0].language == "python"
    assert (
        parse_html('<a href="https://e.org/?a=1&amp;b=2">l</a>').entities[0].url == "https://e.org/?a=1&b=2"
    )


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("<b>x", 'Can\'t find end tag corresponding to start tag "b"'),
        ("é <br>", 'Unsupported start tag "br" at byte offset 3'),
        ("1 < 2", "Unclosed start tag at byte offset 2"),
        ("a < b > c", 'Unsupported start tag "" at byte offset 2'),
        ("x</b>", "Unexpected end tag at byte offset 1"),
        ("<b>x</b", "Unclosed end tag at byte offset 4"),
        ("<b><i>x</b></i>", 'Unmatched end tag at byte offset 7, expected "</i>", found "</b>"'),
        ("<span>x</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
    ],
)
def test_bad_html_is_refused_in_the_real_words(source: str, reason: str) -> None:
    with pytest.raises(ApiError) as refusal:
        parse_html(source)
    assert (refusal.value.code, refusal.value.description) == (
        400,
        f"Bad Request: can't parse entities: {reason}",
    )


@pytest.mark.parametrize(
    ("source", "text", "expected"),
    [
        (
            "*b* _i_ __u__ ~s~ ||p|| `c`",
            "b i u s p c",
            ["bold", "italic", "underline", "strikethrough", "spoiler", "code"],
        ),
        (r"1\.5 \- 2", "1.5 - 2", []),
        ("[l](https://e.org/a\\)b)", "l", ["text_link"]),
        ("```\nx.y\n```", "x.y", ["pre"]),
        (">q\n>r\nx", "q\nr\nx", ["blockquote"]),
    ],
)
def test_markdown_gives_text_and_entities(source: str, text: str, expected: list[str]) -> None:
    formatted = parse_markdown(source)
    assert formatted.text == text
    assert [entity.type for entity in formatted.entities] == expected


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("1.5", "Character '.' is reserved and must be escaped with the preceding '\\'"),
        ("a > b", "Character '>' is reserved and must be escaped with the preceding '\\'"),
        ("é *b", "Can't find end of Bold entity at byte offset 3"),
        ("`c", "Can't find end of Code entity at byte offset 0"),
        ("```c", "Can't find end of Pre entity at byte offset 0"),
    ],
)
def test_bad_markdown_is_refused_in_the_real_words(source: str, reason: str) -> None:
    with pytest.raises(ApiError, match="can't parse entities") as refusal:
        parse_markdown(source)
    assert refusal.value.description.endswith(reason)


def test_commands_addresses_and_tags_are_found_outside_code() -> None:
    text = "/start@desk_bot see https://e.org/x, @owner #tag $BTC a/b /desk"
    found = with_found_entities(Formatted(text))
    assert marks(found) == [
        ("bot_command", "/start@desk_bot"),
        ("url", "https://e.org/x"),
        ("mention", "@owner"),
        ("hashtag", "#tag"),
        ("cashtag", "$BTC"),
        ("bot_command", "/desk"),
    ]
    in_code = Formatted("/start", [Entity(type="code", offset=0, length=6)])
    assert [entity.type for entity in with_found_entities(in_code).entities] == ["code"]
