"""The bank's own form of economic dependence, as Excel and as CSV: the same rows, nothing guessed."""

from datetime import date

import pytest
import xlsxwriter
from relparty.graph.errors import DataError, UsageError
from relparty.graph.register import Register
from relparty.loaders import dependence
from relparty.loaders.folder import read_folder
from relparty.loaders.formats import every_file, read_file
from relparty.loaders.intake import take_in
from relparty.loaders.table import Said

from .rows import day

HEADINGS = [
    "客户编号",
    "客户名称",
    "被依存客户编号",
    "被依存客户名称",
    "识别因素",
    "说明",
    "客户经理",
    "机构",
    "登记日期",
    "状态",
]
NOTHING = Said()
ROW = ["0017", "甲公司", "0042", "乙公司", "03", "主要客户", "张三", "北京分行", date(2024, 3, 1), "有效"]


def excel(folder, *rows, headings=HEADINGS, above=()):
    """An Excel file with a first sheet of instructions and a second with the table."""
    path = folder / "经济依存.xlsx"
    with xlsxwriter.Workbook(path) as book:
        day_format = book.add_format({"num_format": "yyyy-mm-dd"})
        book.add_worksheet("填写说明").write(0, 0, "请按模板填写")
        sheet = book.add_worksheet("数据")
        for place, row in enumerate([*above, headings, *rows]):
            for column, cell in enumerate(row):
                if isinstance(cell, date):
                    sheet.write_datetime(place, column, cell, day_format)
                else:
                    sheet.write(place, column, cell)
    return path


def plain(folder, *rows, headings=HEADINGS, encoding="utf-8"):
    path = folder / "经济依存.csv"
    lines = [",".join("" if cell is None else str(cell) for cell in row) for row in [headings, *rows]]
    path.write_bytes(("\n".join(lines) + "\n").encode(encoding))
    return path


def kept(path, said=NOTHING):
    return take_in(Register.empty(), [dependence.read(path, said)])


def told(intake):
    columns = ["dependent_id", "depended_on_id", "criterion", "note", "recorded_on", "valid_to"]
    return intake.register.table("depends_on").sort("dependent_id", "recorded_on").select(columns).rows()


def reasons(intake):
    (frame,) = intake.rejected.values()
    return dict(frame.select("line", "reason").rows())


def changed(**cells):
    return [cells.get(heading, cell) for heading, cell in zip(HEADINGS, ROW, strict=True)]


def test_excel_and_csv_say_the_same(tmp_path):
    """One row, below a title, on the second sheet; in GB18030; the zeros of the numbers stand."""
    sheet = kept(excel(tmp_path, ROW, above=[["经济依存客户信息"], []]))
    file = kept(plain(tmp_path, ROW, encoding="gb18030"))

    assert told(sheet) == [("0017", "0042", "3", "主要客户; 客户经理 张三; 机构 北京分行", date(2024, 3, 1), None)]
    assert told(file) == told(sheet)
    assert sheet.register.table("depends_on")["line"].to_list() == [4]
    assert sheet.counts[0].notes == ("depends_on: 客户名称, 被依存客户名称 not kept: the numbers say who is meant",)


@pytest.mark.parametrize(
    ("written", "criterion"), [("3", "3"), ("03", "3"), ("03-主要客户", "3"), (7, "7"), ("1 收入", "1")]
)
def test_a_code_is_the_number_of_its_criterion(tmp_path, written, criterion):
    assert told(kept(excel(tmp_path, changed(识别因素=written))))[0][2] == criterion


def test_what_decides_nothing_waits_in_quarantine(tmp_path):
    intake = kept(
        excel(
            tmp_path, changed(识别因素="08"), changed(状态="待审批"), changed(客户编号=17), changed(登记日期="2024/3/1"),
            changed(状态="失效"), changed(客户编号=None), changed(识别因素="33"), changed(被依存客户编号="0017"),
        )
    )  # fmt: skip
    found = reasons(intake)

    assert "criterion '08' is no code from 1 to 7" in found[2]
    assert "status '待审批'" in found[3]
    assert "dependent_id 17 is a number cell" in found[4]
    assert "recorded_on '2024/3/1' is no date" in found[5]
    assert "status '失效' without an end" in found[6]
    assert "dependent_id is empty" in found[7]
    assert "criterion '33'" in found[8]
    assert "self-link" in found[9]
    assert (intake.counts[0].rows, intake.counts[0].kept, intake.counts[0].quarantined) == (8, 0, 8)


def test_a_dependence_that_is_over_ends_on_its_day_or_on_that_of_the_file(tmp_path):
    """Known from March; one ended on 1 June as stated, the other on the file's day, the first on which that is known."""
    headings = [*HEADINGS, "失效日期"]
    stated = [*changed(状态="失效"), date(2024, 6, 1)]
    unstated = [*changed(客户编号="0018", 状态="失效"), None]
    register = kept(excel(tmp_path, stated, unstated, headings=headings), Said(recorded_on=day("2024-06-30"))).register

    def shown(on):
        snapshot = register.as_of(day(on))
        ids = snapshot.parties["party_id"]
        return [ids[row] for row in snapshot.table("depends_on")["source_row"]]

    assert [shown(on) for on in ("2024-05-31", "2024-06-01", "2024-06-29", "2024-06-30")] == [
        ["0017", "0018"],
        ["0018"],
        ["0018"],
        [],
    ]


def test_the_same_headings_are_read_in_the_canonical_folder(tmp_path):
    plain(
        tmp_path,
        ROW[:1] + ROW[2:3] + ["3", "2024-03-01"],
        headings=["客户编号", "被依存客户编号", "识别因素", "登记日期"],
    ).rename(tmp_path / "depends_on.csv")
    intake = take_in(Register.empty(), read_folder(tmp_path))

    assert intake.register.table("depends_on").select("dependent_id", "depended_on_id", "criterion").rows() == [
        ("0017", "0042", "3")
    ]


def test_a_file_that_is_no_form_says_what_it_lacks(tmp_path):
    with pytest.raises(DataError, match="被依存客户编号"):
        kept(plain(tmp_path, headings=["客户编号", "识别因素"]))
    with pytest.raises(DataError, match="no sheet has the headings"):
        kept(excel(tmp_path, headings=["客户编号"]))
    with pytest.raises(DataError, match="客户编号 and 客户号 both mean dependent_id"):
        kept(plain(tmp_path, headings=[*HEADINGS, "客户号"]))
    with pytest.raises(DataError, match="状态 and 状态 both mean status"):
        kept(plain(tmp_path, headings=[*HEADINGS, "状态"]))
    with pytest.raises(DataError, match="heading 状态 stands in two columns"):
        kept(excel(tmp_path, headings=[*HEADINGS, "状态"]))
    (tmp_path / "none.xlsx").write_text("no sheet", encoding="utf-8")
    with pytest.raises(DataError, match=r"no Excel file"):
        kept(tmp_path / "none.xlsx")
    with pytest.raises(UsageError):
        kept(tmp_path / "absent.xlsx")


def test_the_formats_table_reads_the_form_in_a_folder(tmp_path):
    excel(tmp_path, ROW)
    (path,) = every_file([tmp_path], "dependence", Said())

    assert read_file(path, "dependence", Said(source="headquarters")).tables["depends_on"]["source"].to_list() == [
        "headquarters"
    ]
