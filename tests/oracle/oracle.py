"""The oracle: section 3 of FORMATS.md once more, as slowly and as plainly as possible.

It knows no git, no SQLite and nothing of tsm. A *place* is a dictionary from file name to content,
a text is compared as text and never by digest, and every rule is a few lines that can be held
beside the paragraph it comes from. Where a paragraph has a number, the function says it.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple


class Link(NamedTuple):
    """A symbolic link, which is no script."""

    target: str


Content = bytes | Link
Place = Mapping[str, Content]
"""What lies directly in one folder, by file name."""

Scripts = dict[str, str]
"""The files of a place that take part in comparisons: file name -> normalised text."""

Problem = tuple[str, str]
"""A code and a subject."""


class Row(NamedTuple):
    """One row of a ledger."""

    id: int
    filename: str
    script: str | None


@dataclass(frozen=True)
class Merge:
    """A merge of two or more parents: one that was made, is being made, or that git would make.

    `bases[i, j]` with i < j are the merge bases of parents i and j. `conflicts` are the file names
    on which git's own merge of the parents stops. `still` is where the fault has to show to be
    reported: the candidate, if that is no longer the merge's own result.
    """

    parents: Sequence[Place]
    bases: Mapping[tuple[int, int], Sequence[Place]]
    result: Place
    conflicts: frozenset[str] = frozenset()
    still: Place | None = None


@dataclass(frozen=True)
class Case:
    """Everything that one judgement of one database rests on.

    `base` and `ref` are None where there is none. `working` is None where the candidate is not the
    work tree. `git_merge` is git's own merge of base and candidate; it is None where the two are
    merged already. `unmerged` are the file names that the index holds in several stages.
    `our_history` and `other_history` are the texts that tsm can find in the commits that the
    candidate or base reach, and in those that only other branches reach.
    """

    candidate: Place
    base: Place | None = None
    merge_bases: Sequence[Place] = ()
    merges: Sequence[Merge] = ()
    git_merge: Callable[[], Merge] | None = None
    ref: Sequence[Row] | None = None
    working: Sequence[Row] | None = None
    unmerged: frozenset[str] = frozenset()
    our_history: frozenset[str] = frozenset()
    other_history: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Verdict:
    """What is wrong, the one-word state, and what waits to be applied."""

    problems: frozenset[Problem]
    state: str
    pending: tuple[str, ...] = ()


def judge(case: Case) -> Verdict:
    """The verdict on one database."""
    candidate = settled(case)
    c = scripts_of(candidate)
    b = scripts_of(case.base or {})
    m = Ancestors([scripts_of(place) for place in case.merge_bases])
    result = merge_result(c, b, m) if case.base is not None else dict(c)
    ref = entries(case.ref)

    against_base = compare_with_base(c, b, m)
    merges = list(case.merges)
    if case.git_merge is not None and git_may_differ(c, b, m):
        merges.append(case.git_merge())
    in_merges = [
        (code, f) for merge in merges for code, f in judge_merge(merge) if f not in case.unmerged
    ]
    spoken_of = against_base.subjects() | {f for code, f in in_merges if code == "TSM209"}
    against_ref = compare_with_ref(case, ref, result, b, against_base, spoken_of)
    drafts = draft_problems(c, b, m, ref, against_base, against_ref)
    published = one_voice([*against_base.problems, *against_ref.problems, *in_merges, *drafts])
    spoken = spoken_texts(against_base, against_ref, in_merges, b, ref, merges)
    against_working, pending = compare_with_working(case, c, spoken)

    successors = {*against_base.successors.values(), *against_ref.successors.values()}
    missing = {f for code, f in published if code in EXPLAINS_A_GAP} | against_ref.elsewhere
    missing |= {
        f
        for f, content in case.candidate.items()
        if number_of(f) is not None and text_of(content) is None and f not in case.unmerged
    }
    problems = [*published, *against_working]
    problems += sequence_problems(result, successors, published, missing)
    problems += [(code, f) for code, f in problems_of_files(candidate) if f not in case.unmerged]
    problems += problems_of_unmerged(case)
    return Verdict(frozenset(problems), state_of(problems, pending), tuple(pending))


def is_known(case: Case) -> bool:
    """Section 1: whether any place in git holds an SQL file there, so that there is a database."""
    places = [case.candidate, case.base or {}, *case.merge_bases]
    places += [parent for merge in case.merges for parent in merge.parents]
    return any(filename.lower().endswith(".sql") for place in places for filename in place)


# --- Section 1: names and texts ------------------------------------------------------------------


def number_of(filename: str) -> int | None:
    """The number of a script's file name, or None if it is not the name of a script."""
    digits, dot, rest = filename.partition(".")
    name = rest.removesuffix(".sql")
    if not dot or name == rest or not name:
        return None
    if not 1 <= len(digits) <= 9 or any(digit not in "0123456789" for digit in digits):
        return None
    if any(unicodedata.category(letter) == "Cc" or letter in "/\\" for letter in name):
        return None
    return int(digits) or None


def name_part(filename: str) -> str:
    """`mail` of `003.mail.sql`."""
    return filename.partition(".")[2].removesuffix(".sql")


def place_in_line(filename: str) -> tuple[int, str]:
    """Scripts stand in the order of their numbers, as numbers; then of their names."""
    return number_of(filename) or 0, filename


def text_of(content: Content) -> str | None:
    """The normalised text, or None if the content is none that a script can have."""
    if isinstance(content, Link):
        return None
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return None
    text = normalised(text)
    if "\0" in text or text.startswith("version https://git-lfs.github.com/spec/"):
        return None
    return text


def normalised(text: str) -> str:
    """Without the mark at the start, and with LF at the end of each line; nothing else."""
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def scripts_of(place: Place) -> Scripts:
    """The files of a place that are named like scripts and can be scripts."""
    found = {}
    for filename, content in place.items():
        text = text_of(content)
        if number_of(filename) is not None and text is not None:
            found[filename] = text
    return found


def entries(rows: Sequence[Row] | None) -> list[Row]:
    """The rows of a ledger that are tsm's business, with normalised texts."""
    return [
        row if row.script is None else row._replace(script=normalised(row.script))
        for row in rows or ()
        if row.id >= 1
    ]


def text_in_git(content: Content) -> str | None:
    """3.4: the text under which tsm can find these bytes in git's history, if it can."""
    text = text_of(content)
    if text is None or isinstance(content, Link):
        return None
    written = content.decode().removeprefix("\ufeff")
    return text if written in (text, text.replace("\n", "\r\n")) else None


def has_statement(text: str) -> bool:
    """Whether anything is left of the text without comments, white space and semicolons."""
    left = ""
    while text:
        if text.startswith("--"):
            text = text.partition("\n")[2]
        elif text.startswith("/*"):
            text = text[2:].partition("*/")[2]
        else:
            left, text = left + text[0], text[1:]
            if left.strip(" \t\n\r\f\v;"):
                return True
    return False


# --- Section 3: the merge base and the merge result ----------------------------------------------


class Ancestors:
    """M, of which there may be several: what one of them holds is in M."""

    def __init__(self, bases: Sequence[Scripts]) -> None:
        self.bases = bases

    def __contains__(self, filename: str) -> bool:
        return any(filename in base for base in self.bases)

    def holds(self, filename: str, text: str | None) -> bool:
        """Whether some merge base has that text under that name; never true of no text."""
        return text is not None and text in self.texts(filename)

    def texts(self, filename: str) -> set[str]:
        """All texts that the merge bases have under that name."""
        return {base[filename] for base in self.bases if filename in base}

    def filenames(self) -> set[str]:
        """The names of all files of all merge bases."""
        return {filename for base in self.bases for filename in base}


def merge_result(c: Scripts, b: Scripts, m: Ancestors) -> Scripts:
    """3.1: what the merge of base and candidate will hold."""
    result = {}
    for f in set(c) | set(b) | m.filenames():
        ours, theirs = c.get(f), b.get(f)
        if ours == theirs or m.holds(f, theirs) or (f not in b and f not in m):
            kept = ours
        elif m.holds(f, ours) or (f not in c and f not in m):
            kept = theirs
        else:
            kept = ours if f in c else theirs
        if kept is not None:
            result[f] = kept
    return result


# --- Section 3.2: what the candidate did to what is published ------------------------------------


@dataclass
class Comparison:
    """What a comparison with something published says."""

    problems: list[Problem] = field(default_factory=list)
    successors: dict[str, str] = field(default_factory=dict)
    """Published file -> the file that took its place."""
    elsewhere: set[str] = field(default_factory=set)
    """The files that only another branch has."""

    def subjects(self, *codes: str) -> set[str]:
        """The subjects of the problems, or of those with one of the codes."""
        return {f for code, f in self.problems if not codes or code in codes}


def compare_with_base(c: Scripts, b: Scripts, m: Ancestors) -> Comparison:
    """3.2: the table of verdicts on every file of B, and TSM208 if something is behind."""
    found = Comparison()
    missing, behind = [], False
    for f in b:
        if c.get(f) == b[f]:
            continue
        if f in m:
            if m.holds(f, c.get(f)):
                behind = True
            elif f in c:
                found.problems.append(("TSM201", f))
            else:
                missing.append(f)
        elif f in c:
            found.problems.append(("TSM204", f))
        else:
            behind = True
    new = {g: text for g, text in c.items() if g not in b and not m.holds(g, text)}
    found.successors = find_successors({f: {b[f]} | m.texts(f) for f in missing}, new)
    for f in missing:
        found.problems.append(("TSM202" if f in found.successors else "TSM203", f))
    if behind:
        found.problems.append(("TSM208", "base"))
    return found


def find_successors(missing: Mapping[str, set[str]], new: Scripts) -> dict[str, str]:
    """3.2: which new file took the place of which missing file; `missing` has all texts it had."""
    successors: dict[str, str] = {}
    for fits in (same_text, same_name_or_number, alike_text):
        for f in sorted(missing, key=place_in_line):
            if f in successors:
                continue
            free = [g for g in new if g not in successors.values()]
            fitting = [g for g in free if fits(f, missing[f], g, new[g])]
            fitting.sort(
                key=lambda g: (
                    number_of(g) != number_of(f),
                    name_part(g) != name_part(f),
                    place_in_line(g),
                )
            )
            if fitting:
                successors[f] = fitting[0]
    return successors


def same_text(_f: str, texts: set[str], _g: str, text: str) -> bool:
    """The first pass."""
    return text in texts


def same_name_or_number(f: str, texts: set[str], g: str, text: str) -> bool:
    """The second pass."""
    if number_of(f) == number_of(g):
        return alike_text(f, texts, g, text)
    return name_part(f) == name_part(g)


def alike_text(_f: str, texts: set[str], _g: str, text: str) -> bool:
    """The third pass."""
    return any(alike(text, other) for other in texts)


def alike(text: str, other: str) -> bool:
    """Whether two texts share at least three fifths of their lines."""
    a, b = telling_lines(text), telling_lines(other)
    if not a or not b:
        return False
    common = sum((Counter(a) & Counter(b)).values())
    return 5 * 2 * common >= 3 * (len(a) + len(b))


def telling_lines(text: str) -> list[str]:
    """The lines that are neither empty nor a comment, stripped."""
    lines = [line.strip() for line in text.split("\n")]
    return [line for line in lines if line and not line.startswith("--")]


# --- Section 3.3: drafts -------------------------------------------------------------------------


def draft_problems(
    c: Scripts,
    b: Scripts,
    m: Ancestors,
    ref: Sequence[Row],
    against_base: Comparison,
    against_ref: Comparison,
) -> list[Problem]:
    """3.3: a draft's number must be free, and above all that is published."""
    successors = {*against_base.successors.values(), *against_ref.successors.values()}
    edited = against_base.subjects("TSM201") | against_ref.subjects("TSM201")
    in_ref = {row.filename: row.script for row in ref}
    published = [(number_of(f), f) for f in b] + [(row.id, row.filename) for row in ref]
    highest = max((number for number, _ in published if number), default=0)
    problems = []
    for d, text in c.items():
        if b.get(d) == text or m.holds(d, text) or d in successors or d in edited:
            continue
        if d in in_ref and in_ref[d] in (None, text):
            continue
        number = number_of(d) or 0
        # A file of the same name that gets here has another text: d is no such file itself.
        if any(taken == number for taken, _ in published):
            problems.append(("TSM204", d))
        elif number < highest:
            problems.append(("TSM205", d))
    return problems


# --- Section 3.4: against production -------------------------------------------------------------


def compare_with_ref(
    case: Case,
    ref: Sequence[Row],
    result: Scripts,
    b: Scripts,
    against_base: Comparison,
    spoken_of: set[str],
) -> Comparison:
    """3.4: every entry of the ref ledger against the merge result."""
    found = Comparison()
    in_ref = {row.filename: row.script for row in ref}
    missing: dict[str, str | None] = {}
    for f, text in in_ref.items():
        if f in spoken_of:
            continue
        if f not in result:
            missing[f] = text
        elif text not in (None, result[f]):
            found.problems.append(("TSM201", f))
    taken = against_base.successors.values()
    new = {
        g: text for g, text in result.items() if g not in in_ref and g not in b and g not in taken
    }
    texts = {f: set() if text is None else {text} for f, text in missing.items()}
    found.successors = find_successors(texts, new)
    for f, text in missing.items():
        if f in found.successors:
            found.problems.append(("TSM202", f))
        elif text is None or text in case.our_history:
            found.problems.append(("TSM203", f))
        elif text in case.other_history:
            found.problems.append(("TSM208", "ref"))
            found.elsewhere.add(f)
        else:
            found.problems.append(("TSM207", f))
    return found


# --- Section 3.5: the sequence -------------------------------------------------------------------


EXPLAINS_A_GAP = {"TSM202", "TSM203", "TSM207", "TSM209"}


def sequence_problems(
    result: Scripts,
    successors: set[str],
    published: Iterable[Problem],
    missing: Iterable[str],
) -> list[Problem]:
    """3.5: one script to a number, no number without a script, no text under two numbers."""
    found = []
    taken = {f for code, f in published if code == "TSM204"}
    by_number: dict[int, list[str]] = {}
    for f in result:
        if f not in taken and f not in successors:
            by_number.setdefault(number_of(f) or 0, []).append(f)
    found += [("TSM102", str(number)) for number, files in by_number.items() if len(files) > 1]

    held = {number_of(f) or 0 for f in result if f not in successors}
    highest = max(held, default=0)
    held |= {number_of(f) or 0 for f in missing}
    for number in range(1, highest):
        if number not in held and (number == 1 or number - 1 in held):
            found.append(("TSM103", str(number)))

    by_text: dict[str, list[str]] = {}
    for f, text in result.items():
        if f not in successors and has_statement(text):
            by_text.setdefault(text, []).append(f)
    for files in by_text.values():
        original = min(number_of(f) or 0 for f in files)
        found += [("TSM211", f) for f in files if number_of(f) != original]
    return found


# --- Section 3.6: in the candidate alone ---------------------------------------------------------


def settled(case: Case) -> Place:
    """3.6: the candidate with each unmerged file as base has it, or else a side of the merge."""
    files = {f: content for f, content in case.candidate.items() if f not in case.unmerged}
    sides = [parent for merge in case.merges for parent in merge.parents]
    for f in case.unmerged:
        for place in (case.base or {}, *sides):
            if f in scripts_of(place):
                files.setdefault(f, place[f])
    return files


def problems_of_files(place: Place) -> list[Problem]:
    """3.6: names, contents and padding of the files as they are."""
    found: list[Problem] = []
    named = sorted(f for f in place if number_of(f) is not None)
    for at, f in enumerate(named):
        if any(same_elsewhere(f, twin) for twin in named[:at]):
            found.append(("TSM106", f))
    for f, content in place.items():
        if not f.lower().endswith(".sql"):
            continue
        text = text_of(content)
        if number_of(f) is None:
            found.append(("TSM101", f))
        elif text is None:
            found.append(("TSM106", f))
        else:
            lines = text.split("\n")
            if any(is_conflict_marker(line) for line in lines):
                found.append(("TSM104", f))
            if any(line.startswith("-- tsm: undecided") for line in lines):
                found.append(("TSM105", f))
            elif not has_statement(text):
                found.append(("TSM108", f))
    numbered = sorted(scripts_of(place), key=place_in_line)
    if numbered:
        width = len(digits_of(numbered[0]))
        for f in numbered:
            if digits_of(f) != digits_of(f).lstrip("0").rjust(width, "0"):
                found.append(("TSM107", f))
    return found


def problems_of_unmerged(case: Case) -> list[Problem]:
    """3.6: of an unmerged script only TSM104 speaks; a wrong name is wrong where it lies."""
    found = [("TSM104", f) for f in case.unmerged if number_of(f) is not None]
    wrong = [f for f in case.unmerged if f.lower().endswith(".sql") and number_of(f) is None]
    return found + [("TSM101", f) for f in wrong if f in case.candidate]


def same_elsewhere(f: str, g: str) -> bool:
    """Whether two names are one where case and Unicode form do not count."""
    one, other = (unicodedata.normalize("NFD", name).casefold() for name in (f, g))
    return unicodedata.normalize("NFD", one) == unicodedata.normalize("NFD", other)


def is_conflict_marker(line: str) -> bool:
    """Whether git leaves such a line where it cannot merge; `=======` alone proves nothing."""
    return line[:7] in ("<" * 7, "|" * 7, ">" * 7) and line[7:8] in ("", " ")


def digits_of(filename: str) -> str:
    """`003` of `003.mail.sql`."""
    return filename.partition(".")[0]


# --- Section 3.7: merges -------------------------------------------------------------------------


def git_may_differ(c: Scripts, b: Scripts, m: Ancestors) -> bool:
    """3.7: whether some file of M is changed by one side and missing on the other."""
    return any(
        (f in c and not m.holds(f, c[f]) and f not in b)
        or (f in b and not m.holds(f, b[f]) and f not in c)
        for f in m.filenames()
    )


def judge_merge(merge: Merge) -> list[Problem]:
    """3.7: what a merge lost and what it mixed."""
    parents = [scripts_of(parent) for parent in merge.parents]
    result = scripts_of(merge.result)
    found = merge_problems(merge, parents, result)
    if merge.still is not None:
        still = scripts_of(merge.still)
        found = [
            (code, f)
            for code, f in merge_problems(merge, parents, still)
            if (code, f) in found and still.get(f) == result.get(f)
        ]
    return found


def merge_problems(merge: Merge, parents: list[Scripts], result: Scripts) -> list[Problem]:
    """TSM209 and TSM210 for one result."""
    new = {g: text for g, text in result.items() if all(p.get(g) != text for p in parents)}
    found = []
    for i, parent in enumerate(parents):
        gone = {f: {parent[f]} for f in parent if is_gone(merge, parents, result, i, f)}
        found_again = find_successors(gone, new)
        found += [("TSM209", f) for f in gone if f not in found_again]
    known = {text for parent in parents for text in parent.values()}
    for f, text in result.items():
        mixed = text not in known and any(f in parent for parent in parents)
        if mixed and f not in merge.conflicts:
            found.append(("TSM210", f))
    return found


def is_gone(merge: Merge, parents: list[Scripts], result: Scripts, i: int, f: str) -> bool:
    """3.7: whether the result has no trace of Pi's f, and nobody meant that."""
    text = parents[i][f]
    others = [j for j in range(len(parents)) if j != i]
    bases = {j: [scripts_of(place) for place in bases_of(merge, i, j)] for j in others}
    only_renamed = any(
        old == text and g in result and g not in parents[i]
        for j in others
        for base in bases[j]
        for g, old in base.items()
    )
    if text in result.values() or only_renamed:
        return False
    in_bases = {j: any(f in base for base in bases[j]) for j in others}
    if f not in result:
        return not any(in_bases[j] and f not in parents[j] for j in others)
    return any(parents[j].get(f) == result[f] and not in_bases[j] for j in others)


def bases_of(merge: Merge, i: int, j: int) -> Sequence[Place]:
    """bases(i, j), in whichever order they are asked for."""
    return merge.bases[min(i, j), max(i, j)]


def one_voice(problems: Iterable[Problem]) -> list[Problem]:
    """3.7: TSM209 speaks before TSM202 and TSM203, TSM210 before TSM201."""
    everything = set(problems)
    for code, f in list(everything):
        if code == "TSM209":
            everything -= {("TSM202", f), ("TSM203", f)}
        if code == "TSM210":
            everything.discard(("TSM201", f))
    return sorted(everything)


# --- Section 3.8: against the working database ---------------------------------------------------


def compare_with_working(
    case: Case, c: Scripts, spoken: Mapping[str, set[str]]
) -> tuple[list[Problem], list[str]]:
    """3.8: problems, and what is pending."""
    if case.working is None:
        return [], []
    rows = entries(case.working)
    in_working = {row.filename: row.script for row in rows}
    found: list[Problem] = []
    missing: dict[str, set[str]] = {}
    touched = {f: text for f, text in in_working.items() if f not in c or text not in (None, c[f])}
    moved_on = {
        f
        for f, text in touched.items()
        if f in c
        and any(g != f and other == c[f] for g, other in touched.items())
        and any(
            h != f and own == text for h, own in c.items() if h in touched or h not in in_working
        )
    }
    for f, text in in_working.items():
        if f not in c or f in moved_on:
            missing[f] = set() if text is None else {text}
        elif text not in (None, c[f]):
            found.append(("TSM301", f))
    new = {g: text for g, text in c.items() if g not in in_working or g in moved_on}
    successors = find_successors(missing, new)
    found += [("TSM302" if f in successors else "TSM303", f) for f in missing]
    problems = [
        (code, f) for code, f in found if f not in spoken or in_working[f] not in (None, *spoken[f])
    ]

    numbers = {row.id for row in rows}
    pending = [
        f
        for f in sorted(c, key=place_in_line)
        if number_of(f) not in numbers and f not in successors.values()
    ]
    highest = max(numbers, default=0)
    problems += [("TSM304", f) for f in pending if (number_of(f) or 0) < highest]
    return problems, pending


def spoken_texts(
    against_base: Comparison,
    against_ref: Comparison,
    in_merges: Iterable[Problem],
    b: Scripts,
    ref: Sequence[Row],
    merges: Sequence[Merge],
) -> dict[str, set[str]]:
    """3.8: the files that 3.2, 3.4 or 3.7 speak of, each with the published texts it means."""
    spoken: dict[str, set[str]] = {}
    for f in against_base.subjects() & set(b):
        spoken.setdefault(f, set()).add(b[f])
    for row in ref:
        if row.filename in against_ref.subjects() | against_ref.elsewhere:
            spoken.setdefault(row.filename, set()).add(row.script or "")
    for _, f in in_merges:
        for parent in (scripts_of(place) for merge in merges for place in merge.parents):
            if f in parent:
                spoken.setdefault(f, set()).add(parent[f])
    return spoken


# --- Section 3.10: the state ----------------------------------------------------------------------

WARNINGS_AND_NOTES = {"TSM107", "TSM108", "TSM208", "TSM211"}


def state_of(problems: Iterable[Problem], pending: Sequence[str]) -> str:
    """3.10: the first that an error implies."""
    families = {code[:4] for code, _ in problems if code not in WARNINGS_AND_NOTES}
    for family, state in (("TSM1", "ERROR"), ("TSM2", "CONFLICTED"), ("TSM3", "DIVERGED")):
        if family in families:
            return state
    return "PENDING" if pending else "CURRENT"
