"""Headings of source files, Chinese and English, and the dictionary's fields that they mean; here and nowhere else."""

import re

from ..graph.schema import TABLES, Table

# A heading may mean several fields; the one that the table has is taken.
SYNONYMS: dict[str, tuple[str, ...]] = {
    "股东编号": ("owner_id",),
    "股东": ("owner_id",),
    "企业编号": ("enterprise_id", "party_id"),
    "被投资企业编号": ("enterprise_id",),
    "客户编号": ("party_id", "dependent_id"),
    "客户号": ("party_id", "dependent_id"),
    "依存方客户编号": ("dependent_id",),
    "被依存客户编号": ("depended_on_id",),
    "被依存客户号": ("depended_on_id",),
    "被依存方客户编号": ("depended_on_id",),
    "识别因素": ("criterion",),
    "依存识别因素": ("criterion",),
    "经济依存识别因素": ("criterion",),
    "经济依存客户识别因素": ("criterion",),
    "std_lst_jjyc_cus_dist_factor": ("criterion",),
    "依存比例": ("share",),
    "占比": ("share",),
    "说明": ("note",),
    "备注": ("note",),
    "情况说明": ("note",),
    "认定日期": ("valid_from",),
    "主体编号": ("party_id",),
    "名称": ("name",),
    "企业名称": ("name",),
    "客户名称": ("name",),
    "姓名": ("name",),
    "类型": ("kind",),
    "主体类型": ("kind",),
    "国家": ("country",),
    "地区": ("region",),
    "行业": ("industry",),
    "所属行业": ("industry",),
    "企业性质": ("legal_form",),
    "成立日期": ("founded_on",),
    "是否上市": ("is_listed",),
    "证件类型": ("scheme",),
    "证件号码": ("value",),
    "持股比例": ("share",),
    "出资比例": ("share",),
    "持股比例下限": ("share_low",),
    "持股比例上限": ("share_high",),
    "表决权比例": ("votes",),
    "股份类别": ("share_class",),
    "控制人编号": ("controller_id",),
    "控制方式": ("basis",),
    "人员编号": ("person_id",),
    "职务": ("role",),
    "关联主体编号": ("other_id",),
    "关系类型": ("relation",),
    "合同编号": ("contract_id",),
    "担保合同编号": ("contract_id",),
    "担保人编号": ("guarantor_id",),
    "保证人编号": ("guarantor_id",),
    "被担保人编号": ("debtor_id",),
    "债务人编号": ("debtor_id",),
    "担保金额": ("amount",),
    "金额": ("amount", "balance"),
    "币种": ("currency",),
    "担保方式": ("liability",),
    "借据编号": ("facility_id",),
    "授信编号": ("facility_id",),
    "准备金": ("provision",),
    "供应商编号": ("supplier_id",),
    "客户企业编号": ("buyer_id",),
    "采购方编号": ("buyer_id",),
    "交易金额": ("turnover",),
    "应收账款": ("receivable",),
    "出借人编号": ("lender_id",),
    "借款人编号": ("borrower_id",),
    "余额": ("balance", "drawn"),
    "总资产": ("total_assets",),
    "所有者权益": ("equity",),
    "净资产": ("equity",),
    "有息负债": ("debt",),
    "总负债": ("liabilities",),
    "营业收入": ("revenue",),
    "营业成本": ("costs",),
    "净利润": ("profit",),
    "货币资金": ("cash",),
    "经营活动现金流": ("operating_cash_flow",),
    "报表口径": ("scope",),
    "授信额度": ("limit",),
    "逾期天数": ("days_past_due",),
    "事件编号": ("event_id",),
    "事件类型": ("kind",),
    "指标": ("measure",),
    "月份": ("month",),
    "数值": ("figure",),
    "起始日期": ("valid_from",),
    "生效日期": ("valid_from",),
    "终止日期": ("valid_to",),
    "到期日期": ("valid_to",),
    "失效日期": ("valid_to",),
    "解除日期": ("valid_to",),
    "登记日期": ("recorded_on",),
    "录入日期": ("recorded_on",),
    "来源": ("source",),
    "shareholder_id": ("owner_id",),
    "company_id": ("enterprise_id", "party_id"),
    "customer_id": ("party_id", "dependent_id"),
    "firm_id": ("enterprise_id", "party_id"),
    "customer_no": ("party_id", "dependent_id"),
    "depended_on_customer_no": ("depended_on_id",),
}


def field_of(heading: str, table: Table, declared: dict[str, str]) -> str:
    """The field that a heading of a table's file means; the heading itself where it means none."""
    if heading in declared:
        return declared[heading]
    own = {written: name for name, written in table.headings.items()}
    plain = re.sub(r"[\s-]+", "_", heading.strip()).lower()
    if plain in own:
        return own[plain]
    if plain in table.columns:
        return plain
    meant = [name for name in SYNONYMS.get(heading.strip(), SYNONYMS.get(plain, ())) if name in table.columns]
    return meant[0] if meant else heading


def headings_of(table: Table) -> list[str]:
    """The headings of a table's file as the template writes them."""
    return [table.headings.get(name, name) for name in table.columns]


def table_named(stem: str) -> Table | None:
    """The table that a file of this name holds."""
    return TABLES.get(stem.lower())
