"""Serves the chat page: plain files, nothing from elsewhere."""

from __future__ import annotations

from pathlib import Path

from aiohttp import web

_STATIC = Path(__file__).parent / "static"
_POLICY = "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"


async def _index(request: web.Request) -> web.StreamResponse:
    return web.FileResponse(
        _STATIC / "index.html", headers={"Content-Security-Policy": _POLICY, "Cache-Control": "no-cache"}
    )


def page_routes() -> list[web.AbstractRouteDef]:
    """The page at `/` and its files under `/static/`."""
    return [web.get("/", _index), web.static("/static", _STATIC)]
