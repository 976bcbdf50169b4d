"""The HTML file of a plan, opened in a real Chromium: on a screen, in the dark, narrow, and on paper."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.processes import trimtab
from tests.support.chromium import CHROMIUM, Browser, chromium

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium is installed (Debian: apt-get install chromium); pages were not opened in it"
)
HEADS = ["Guests by tier", "Hosts before and after the plan", "Timeline", "How good the plan is"]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a plan after the loss of a rack."""
    folder = tmp_path_factory.mktemp("page")
    cluster = folder / "cluster"
    arguments = ("--hosts", "12", "--vms", "80", "--load", "0.9", "--fail", "rack:r02", "--seed", "7", "-o", cluster)
    assert trimtab("sample", *arguments).code == 0
    done = trimtab(
        "plan", cluster / "snapshot.json", "--policy", cluster / "policy", "--deadline", "1s", "--format", "html"
    )
    assert done.code in (0, 1, 3), done.err
    file = folder / "plan.html"
    file.write_text(done.out, encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One Chromium for all tests."""
    with chromium(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


def _count(browser: Browser, selector: str) -> Any:
    return browser.value(f"document.querySelectorAll({selector!r}).length")


def test_it_asks_for_nothing_and_complains_of_nothing(browser: Browser, page: Path) -> None:
    """No request but for the file itself, nothing in the console, no script; the parts are there and are seen."""
    browser.open(page)
    assert browser.requests == [page.as_uri()]
    assert browser.complaints == []
    assert browser.value("document.scripts.length") == 0
    heads = browser.value("[...document.querySelectorAll('h2')].map(one => one.textContent)")
    assert set(HEADS) <= set(heads)
    assert browser.value("document.title") == browser.value("document.querySelector('h1').textContent")
    # two resources, before and after: four tiles of each host
    assert _count(browser, ".heat .tile") == 4 * 12
    assert _count(browser, ".time .bar") == browser.value(
        "[...document.querySelectorAll('section')].find(one => / actions, /.test(one.querySelector('h2').textContent))"
        ".querySelectorAll('tbody tr').length"
    )
    seen = "[...document.querySelectorAll('.tile, .bar')].every(one => one.offsetWidth > 2 && one.offsetHeight > 2)"
    assert browser.value(seen)


def test_colours_say_how_full_hosts_are(browser: Browser, page: Path) -> None:
    """Tiles of the same tenth have one colour, others another; each tells its host in words when it is pointed at."""
    browser.open(page)
    found = browser.value(
        "[...document.querySelectorAll('.heat .tile')].map(one => "
        "[one.title, one.className.match(/heat-\\w+|off/)[0], getComputedStyle(one).background])"
    )
    colours: dict[str, set[str]] = {}
    for title, heat, colour in found:
        assert title.startswith("h00")
        colours.setdefault(heat, set()).add(colour)
    assert len(colours) > 2
    assert all(len(one) == 1 for one in colours.values())
    assert len(set.union(*colours.values())) == len(colours)


@pytest.mark.parametrize(("width", "media"), [(1280, "screen"), (400, "screen"), (720, "print")])
def test_nothing_is_cut_off(browser: Browser, page: Path, width: int, media: str) -> None:
    """No part is wider than the window or the paper; only wide tables scroll, and those not on paper."""
    browser.media(media)
    browser.open(page, width=width)
    assert browser.value("document.documentElement.scrollWidth") <= width
    assert browser.value("[...document.querySelectorAll('.share')].every(one => one.scrollWidth <= one.offsetWidth)")
    browser.media("screen")


def test_it_is_read_in_the_dark_and_on_paper(browser: Browser, page: Path) -> None:
    """Text and ground change places in the dark; paper is white, and colours of charts are printed."""
    browser.open(page)
    colour = "getComputedStyle(document.body).backgroundColor"
    browser.media("screen", "dark")
    assert browser.value(colour) == "rgb(22, 24, 27)"
    browser.media("print", "dark")
    assert browser.value(colour) == "rgb(255, 255, 255)"
    assert browser.value("getComputedStyle(document.querySelector('.tile')).printColorAdjust") == "exact"
    browser.media("screen")
    assert browser.paper().startswith(b"%PDF")
