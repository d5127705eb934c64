"""Made-up names and identifiers: Chinese and English firms, persons, unified social credit codes."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from .economy_firms import Firms, Ints, generator

# (GB/T 4754 code, Chinese and English trade) by the number of the industry
TRADES = (
    ("C13", "食品", "Foods"), ("F51", "贸易", "Trading"), ("C17", "纺织", "Textile"),
    ("E47", "建筑", "Construction"), ("C33", "金属制品", "Metalware"), ("C26", "化工", "Chemical"),
    ("G54", "物流", "Logistics"), ("C29", "塑料", "Plastics"), ("C34", "机械", "Machinery"),
    ("K70", "置业", "Property"), ("C38", "电气", "Electric"), ("A01", "农业", "Agriculture"),
    ("C39", "电子", "Electronics"), ("C36", "汽车配件", "Auto Parts"), ("C30", "建材", "Building Materials"),
    ("I65", "软件", "Software"), ("C31", "钢铁", "Steel"), ("C22", "纸业", "Paper"), ("L72", "商务服务", "Services"),
    ("C27", "医药", "Pharma"), ("H61", "酒店", "Hotels"), ("B06", "矿业", "Mining"), ("D44", "能源", "Energy"),
    ("C20", "木业", "Timber"),
)  # fmt: skip
# (administrative code, Chinese and English place) by the number of the region
PLACES = (
    ("330100", "杭州", "Hangzhou"), ("320500", "苏州", "Suzhou"), ("440300", "深圳", "Shenzhen"),
    ("370200", "青岛", "Qingdao"), ("410100", "郑州", "Zhengzhou"), ("420100", "武汉", "Wuhan"),
    ("510100", "成都", "Chengdu"), ("350200", "厦门", "Xiamen"), ("430100", "长沙", "Changsha"),
    ("610100", "西安", "Xi'an"), ("210200", "大连", "Dalian"), ("340100", "合肥", "Hefei"),
)  # fmt: skip
FIRST = tuple("恒鼎瑞宏华金盛泰永嘉德新博凯远正天东海润")
SECOND = tuple("达丰源信隆诚昌顺兴和通安捷利宇邦益晟腾茂")
FIRST_EN = (
    "Heng", "Ding", "Rui", "Hong", "Hua", "Jin", "Sheng", "Tai", "Yong", "Jia",
    "De", "Xin", "Bo", "Kai", "Yuan", "Zheng", "Tian", "Dong", "Hai", "Run",
)  # fmt: skip
SECOND_EN = (
    "da", "feng", "yuan", "xin", "long", "cheng", "chang", "shun", "xing", "he",
    "tong", "an", "jie", "li", "yu", "bang", "yi", "sheng", "teng", "mao",
)  # fmt: skip
SURNAMES = tuple("王李张刘陈杨赵黄周吴徐孙胡朱高林")
GIVEN = (*"伟芳娜敏静丽强磊军洋勇艳杰涛明超", "秀英", "建国", "志强", "海燕")

_CODE = np.array(list("0123456789ABCDEFGHJKLMNPQRTUWXY"))  # GB 32100-2015, without I, O, S, V, Z
_X = 29  # the number of X among them
_BODY_WEIGHTS = np.array([3, 7, 9, 10, 5, 8, 4, 2])  # GB 11714
_CODE_WEIGHTS = 3 ** np.arange(17) % 31


def firm_names(firms: Firms, seed: int) -> pl.Series:
    """Two names in three are Chinese; every name holds the place and the trade."""
    rng = generator(seed, "names")
    first, second = rng.integers(0, len(FIRST), firms.count), rng.integers(0, len(SECOND), firms.count)
    third = rng.integers(0, len(SECOND), firms.count)
    chinese = [_pick(PLACES, firms.region, 1), _words(FIRST, first), _words(SECOND, second), _words(SECOND, third)]
    english = [_words(FIRST_EN, first), _words(SECOND_EN, second), _words(SECOND_EN, third)]
    parts = pl.DataFrame([part.alias(str(place)) for place, part in enumerate(chinese + english)]).with_columns(
        trade=_pick(TRADES, firms.industry, 1), trade_en=_pick(TRADES, firms.industry, 2),
        place_en=_pick(PLACES, firms.region, 2), in_chinese=pl.Series(rng.random(firms.count) < 0.67),
    )  # fmt: skip
    zh = pl.concat_str("0", "1", "2", "3", "trade", pl.lit("有限公司"))
    en = pl.concat_str("place_en", pl.lit(" "), "4", "5", "6", pl.lit(" "), "trade_en", pl.lit(" Co., Ltd"))
    return parts.select(pl.when("in_chinese").then(zh).otherwise(en).alias("name")).to_series()


def person_names(count: int, seed: int) -> pl.Series:
    """Names of persons, surname first."""
    rng = generator(seed, "persons")
    surname, given = rng.integers(0, len(SURNAMES), count), rng.integers(0, len(GIVEN), count)
    return _words(SURNAMES, surname) + _words(GIVEN, given)


def credit_codes(region: Ints, seed: int) -> pl.Series:
    """Unified social credit codes with valid check digits, one a firm, no two alike.

    Source: GB 32100-2015 (weights 3^i mod 31), the organisation code inside it GB 11714 (mod 11).
    """
    rng = generator(seed, "codes")
    count = len(region)
    digits = _unlike(count, rng)[:, None] // 10 ** np.arange(7, -1, -1) % 10
    check = (11 - digits @ _BODY_WEIGHTS % 11) % 11
    area = np.array([int(code) for code, *_ in PLACES])[region][:, None] // 10 ** np.arange(5, -1, -1) % 10
    inner = np.where(check == 10, _X, check)
    code = np.column_stack([np.full(count, 9), np.ones(count, np.int64), area, digits, inner])
    last = (31 - code @ _CODE_WEIGHTS % 31) % 31
    return _spelled(np.column_stack([code, last]))


def _unlike(count: int, rng: np.random.Generator) -> Ints:
    """Numbers of eight digits, no two alike: a random step through them all."""
    start, step = int(rng.integers(0, 89_999_999)), 51_234_567
    return 10_000_000 + (start + step * np.arange(count)) % 89_999_999


def _spelled(code: Ints) -> pl.Series:
    letters = _CODE[code]
    return pl.Series(letters.reshape(-1).view(f"<U{letters.shape[1]}"))


def _words(words: Sequence[str], number: Ints) -> pl.Series:
    return pl.Series(words).gather(number)


def _pick(rows: tuple[tuple[str, str, str], ...], number: Ints, place: int) -> pl.Series:
    return _words(tuple(row[place] for row in rows), number)
