"""A small reading room.

Asks for your name, reads a story from this folder, counts its words and
writes what it found to report.json. Everything used here comes with Python.
"""

import json
import re
import sys
from collections import Counter
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timezone
from pathlib import Path

HERE = Path(__file__).parent
STORY = HERE / "texts" / "lighthouse.txt"
REPORT = HERE / "report.json"

# ANSI escape codes: a terminal turns these into colour.
BOLD, CYAN, DIM, RESET = "\x1b[1m", "\x1b[36m", "\x1b[2m", "\x1b[0m"

# Words that say little about a story, however often they come.
SMALL_WORDS = set("a an and as at but by for from had he her his in is it its of on she so that the then to was were with".split())


@dataclass
class Report:
    reader: str
    title: str
    lines: int
    words: int
    read_at: str
    favourites: dict[str, int] = field(default_factory=dict)
    years: list[int] = field(default_factory=list)


def ask_name() -> str:
    """Ask on the console; at the end of input (Ctrl-D) we greet a friend."""
    try:
        return input("What is your name? ").strip() or "friend"
    except EOFError:
        print()
        return "friend"


def read_story(path: Path, reader: str) -> Report:
    text = path.read_text(encoding="utf-8")
    title, *body = text.splitlines()
    words = re.findall(r"[^\W\d_]+(?:['’][^\W\d_]+)?", "\n".join(body).lower())
    counted = Counter(word for word in words if word not in SMALL_WORDS)
    return Report(
        reader=reader,
        title=title,
        lines=sum(1 for line in body if line.strip()),
        words=len(words),
        read_at=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        favourites=dict(counted.most_common(6)),
        years=[int(year) for year in re.findall(r"\b1[89]\d\d\b", text)],
    )


def show(report: Report) -> None:
    print(f"\n{BOLD}{report.title}{RESET}  {DIM}{report.lines} lines, {report.words} words{RESET}")
    widest = max(map(len, report.favourites))
    for word, count in report.favourites.items():
        print(f"  {word:>{widest}} {CYAN}{'█' * count}{RESET} {count}")
    for year in report.years:
        age = date.today().year - year
        print(f"The lamp was lit in {year}, {age} years ago.")


def main() -> int:
    reader = ask_name()
    print(f"Hello, {reader}! This is Python {sys.version.split()[0]} on {sys.platform}.")
    try:
        report = read_story(STORY, reader)
    except FileNotFoundError:
        print(f"The story is missing: {STORY}", file=sys.stderr)
        return 2
    show(report)

    REPORT.write_text(json.dumps(asdict(report), indent=2, ensure_ascii=False), encoding="utf-8")
    again = Report(**json.loads(REPORT.read_text(encoding="utf-8")))
    assert again == report, "what was written is what is read back"
    print(f"\nSaved to {REPORT.name} ({REPORT.stat().st_size} bytes) and read back. Open it in Files.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
