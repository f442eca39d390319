"""The matrix of syntaxes and pictures: all written and exact, DCMTK and GDCM do not complain."""

from tests.outside.matrix import table


def test_every_syntax_and_picture_is_written_and_read_again_by_others() -> None:
    found = table()
    assert len(found) > 330
    assert [(s, n, f, o.reason) for s, n, f, o in found if o.state != "pass"] == []
    wrong = {"COMPLAINS", "ANOTHER SIZE", "DIFFERS"}
    assert [(s, n, f, o.tools) for s, n, f, o in found if wrong & {*o.tools.values()}] == []
