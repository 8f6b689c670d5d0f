"""Files become rows: each format, packed or not, in bounded pieces; what cannot be read is one refused row, and the next is read."""

import gzip
import json
import zipfile
from pathlib import Path

import pytest

from deploy.local.mappings.reading import LONGEST, Row, Unreadable, opened, rows
from deploy.local.processes import Failed
from tests.unit.local.replaying import PLAIN, mapping, read

CSV = "at,part\n2026-11-24,checkout\n"


def parts(found: list[Row | Unreadable]) -> list[str]:
    """Returns what each row has as its part, or why it is none."""
    return [row.reason if isinstance(row, Unreadable) else row["part"] for row in found]


def zipped(file: Path, **members: str) -> Path:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, text in members.items():
            packed.writestr(name.replace("__", "/") + ".csv", text)
    return file


# ── packed or not ────────────────────────────────────────────────────────────────────────────


def test_the_same_file_packed_another_way_has_the_same_rows(tmp_path: Path) -> None:
    of = mapping(tmp_path)
    (tmp_path / "log.csv").write_text(CSV)
    (tmp_path / "log.csv.gz").write_bytes(gzip.compress(CSV.encode()))
    zipped(tmp_path / "log.zip", folder__log=CSV)
    expected = [{"file": "log.csv", "stem": "log", "row": "1", "at": "2026-11-24", "part": "checkout"}]
    assert read(tmp_path / "log.csv", of) == read(tmp_path / "log.csv.gz", of) == read(tmp_path / "log.zip", of) == expected


def test_a_zip_of_several_files_wants_to_be_told_which(tmp_path: Path) -> None:
    of, file = mapping(tmp_path), zipped(tmp_path / "x.zip", a__one=CSV, a__two=CSV.replace("checkout", "search"), b__three=CSV)
    with pytest.raises(Failed, match=r"holds a/one\.csv, a/two\.csv, b/three\.csv; say which"):
        read(file, of)
    with pytest.raises(Failed, match="say which"):
        read(f"{file}:c/*", of)
    assert parts(read(f"{file}:a/two.csv", of)) == ["search"]
    assert parts(read(f"{file}:a/*", of)) == ["checkout", "search"]


def test_how_far_a_file_is_read_reaches_its_size(tmp_path: Path) -> None:
    of = mapping(tmp_path)
    (tmp_path / "log.csv").write_text(CSV * 1000)
    (tmp_path / "log.csv.gz").write_bytes(gzip.compress(CSV.encode() * 1000))
    zipped(tmp_path / "log.zip", log=CSV * 1000)
    for name in ("log.csv", "log.csv.gz", "log.zip"):
        with opened(str(tmp_path / name), of.encoding) as [source]:
            assert source.size is not None
            assert source.done() < source.size
            assert len(list(rows(source, of, frozenset()))) == 1999
            assert source.done() == source.size


def test_a_file_that_breaks_off_is_told_as_damaged(tmp_path: Path) -> None:
    of = mapping(tmp_path)
    (tmp_path / "log.csv.gz").write_bytes(gzip.compress(CSV.encode() * 1000)[:-20])
    with pytest.raises(Failed, match="damaged"):
        read(tmp_path / "log.csv.gz", of)


# ── CSV ──────────────────────────────────────────────────────────────────────────────────────


def test_a_row_of_another_width_is_refused_and_the_next_one_read(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("at,part\n1,a\n2\n3,c,d\n\n4,e\n")
    assert parts(read(tmp_path / "log.csv", mapping(tmp_path))) == ["a", "wrong_columns", "wrong_columns", "e"]


def test_a_quote_that_never_closes_costs_a_bounded_piece_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text('at,part\n1,"a\n' + "2,b\n" * 100_000)
    found = parts(read(tmp_path / "log.csv", mapping(tmp_path)))
    assert found[0] == "not_csv"
    assert found[1:] == ["b"] * len(found[1:])
    assert len(found) > 60_000


def test_a_field_may_hold_line_breaks_and_quotes(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text('at,part\n1,"a\n""b"""\n')
    assert parts(read(tmp_path / "log.csv", mapping(tmp_path))) == ['a\n"b"']


def test_a_column_that_comes_again_gets_its_number(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("part,part,part\n1,2,3\n")
    [row] = read(tmp_path / "log.csv", mapping(tmp_path))
    assert isinstance(row, dict)
    assert (row["part"], row["part_2"], row["part_3"]) == ("1", "2", "3")


def test_a_file_without_a_header_has_the_columns_its_mapping_names(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("1;a\n")
    of = mapping(tmp_path, PLAIN.replace("format: csv", "format: csv\n    delimiter: ';'\n    columns: [at, part]"))
    assert parts(read(tmp_path / "log.csv", of)) == ["a"]


def test_a_file_that_lacks_a_column_is_refused_as_a_whole(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text(CSV)
    of = mapping(tmp_path)
    with opened(str(tmp_path / "log.csv"), of.encoding) as [source], pytest.raises(Failed, match=r"no column who; it has at, part"):
        list(rows(source, of, frozenset({"at", "who"})))


def test_bytes_of_another_encoding_spoil_one_row_only(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_bytes(b"\xef\xbb\xbfat,part\n1,caf\xe9\n2,caf\xc3\xa9\n")
    assert parts(read(tmp_path / "log.csv", mapping(tmp_path))) == ["caf\udce9", "café"]
    latin = mapping(tmp_path, PLAIN.replace("format: csv", "format: csv\n    encoding: latin-1"))
    (tmp_path / "log.csv").write_bytes(b"at,part\n1,caf\xe9\n")
    assert parts(read(tmp_path / "log.csv", latin)) == ["café"]


# ── JSON lines ───────────────────────────────────────────────────────────────────────────────


def test_json_lines_keep_their_types_and_nest_by_dots(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_text(json.dumps({"part": {"of": {"x": 1}}, "ok": False}) + "\n\n")
    [row] = read(tmp_path / "log.jsonl", mapping(tmp_path, PLAIN.replace("csv", "json")))
    assert isinstance(row, dict)
    assert (row["part.of.x"], row["part.of"], row["ok"]) == (1, {"x": 1}, False)


@pytest.mark.parametrize("line", ["{", "[1]", "nonsense", '{"a": ' * 10_000, '"' + "x" * (LONGEST + 10) + '"', '{"a": "\udcff"}'])
def test_a_line_that_is_no_object_is_refused_and_the_next_one_read(tmp_path: Path, line: str) -> None:
    (tmp_path / "log.jsonl").write_bytes(line.encode(errors="surrogateescape") + b'\n{"part": "a"}\n')
    found = parts(read(tmp_path / "log.jsonl", mapping(tmp_path, PLAIN.replace("csv", "json"))))
    assert set(found[:-1]) == {"not_json"}
    assert found[-1] == "a"


# ── access logs ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("line", "status", "path", "user"),
    [
        ('192.0.2.1 - - [10/Oct/2025:13:55:36 -0700] "GET /a HTTP/1.1" 200 2326', "200", "/a", ""),
        (
            '::1 - Ada L [10/Oct/2025:13:55:36 +0000] "GET /a?b=\\"c\\" HTTP/1.1" 304 - "-" "curl/8" 0.1',
            "304",
            '/a?b=\\"c\\"',
            "Ada L",
        ),
        ('192.0.2.1 - - [10/Oct/2025:13:55:36 -0700] "\\x16\\x03" 400 0 "-" "-"', "400", "", ""),
    ],
)
def test_a_line_of_an_access_log_is_taken_apart(tmp_path: Path, line: str, status: str, path: str, user: str) -> None:
    (tmp_path / "access.log").write_text(line + "\r\nnonsense\n")
    row, refused = read(tmp_path / "access.log", mapping(tmp_path, PLAIN.replace("csv", "access-log")))
    assert isinstance(row, dict)
    assert (row["status"], row["path"], row["user"]) == (status, path, user)
    assert isinstance(refused, Unreadable)
    assert refused.reason == "not_a_log_line"
