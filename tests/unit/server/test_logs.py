"""Lines of the log and what becomes of them."""

from __future__ import annotations

import os
import threading

from trimtab_server.logs import LogLines


def test_lines_arrive_in_order() -> None:
    """What is written before the end is there at the end."""
    reader, writer = os.pipe()
    lines = LogLines(writer)
    for number in range(100):
        lines.write(f"{number}\n")
    lines.close()
    os.close(writer)
    with os.fdopen(reader) as written:
        assert written.read().split() == [str(number) for number in range(100)]
    assert lines.dropped == 0


def test_lines_beyond_the_limit_are_dropped_and_counted() -> None:
    """Nobody reads: writing returns, the limit holds, and the rest arrives once somebody reads."""
    reader, writer = os.pipe()
    lines = LogLines(writer, most_bytes=200_000)
    line = "x" * 999 + "\n"
    for _ in range(1000):
        lines.write(line)
    assert 0 < lines.dropped < 1000
    kept = 1000 - lines.dropped
    read: list[str] = []

    def collect() -> None:
        with os.fdopen(reader) as written:
            read.extend(written)

    thread = threading.Thread(target=collect)
    thread.start()
    lines.close()
    os.close(writer)
    thread.join(60)
    assert read == [line] * kept


def test_lines_that_cannot_be_written_are_counted() -> None:
    """The reader is gone: every line is lost, and none raises."""
    reader, writer = os.pipe()
    os.close(reader)
    lines = LogLines(writer)
    for _ in range(10):
        lines.write("line\n")
    lines.close()
    os.close(writer)
    assert lines.dropped == 10


def test_a_text_that_is_no_unicode_is_a_line() -> None:
    """Names of files may hold lone surrogates."""
    reader, writer = os.pipe()
    lines = LogLines(writer)
    lines.write("a\udcff\n")
    lines.close()
    os.close(writer)
    with os.fdopen(reader) as written:
        assert written.read() == "a\\udcff\n"
