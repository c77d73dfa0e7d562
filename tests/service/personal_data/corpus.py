"""Made-up texts: what holds personal data of a kind, and what looks like it and holds none."""

from service.samples import sample_code

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def identity_number(serial: int) -> str:
    """Return an invented identity number with a right check digit."""
    first = f"500199{1950 + serial % 50}{serial % 12 + 1:02d}{serial % 28 + 1:02d}{serial % 1000:03d}"
    return first + "10X98765432"[sum(int(a) * b for a, b in zip(first, _WEIGHTS, strict=True)) % 11]


def bank_card(serial: int) -> str:
    """Return an invented card number that passes the Luhn check."""
    first = f"62219900{serial:010d}"
    total = sum(int(d) if place % 2 else sum(divmod(2 * int(d), 10)) for place, d in enumerate(reversed(first)))
    return first + str(-total % 10)


def mobile(serial: int) -> str:
    """Return an invented mobile number."""
    return f"1{3 + serial % 7}{serial:09d}"


HOLDING: dict[str, list[str]] = {
    "identity_number": [
        form.format(identity_number(n), " ".join(identity_number(n)))
        for n in range(8)
        for form in ("当事人身份证号{0}", "（{0}）违规经营", "证件号码：{1}。")
    ],
    "phone": [
        form.format(mobile(n))
        for n in range(8)
        for form in ("联系电话{0}", "手机：{0}，", "+86 {0}", "电话 023-6{0:.7}")
    ],
    "bank_card": [
        form.format(bank_card(n)) for n in range(8) for form in ("账号{0}", "卡号：{0}", "汇入{0}账户", "银行账户 {0}")
    ],
    "plate": [f"驾驶渝{letter}{n}C{n}5{n}号车" for letter in "ABCDFG" for n in range(4)]
    + [f"车牌渝AD{n}2345" for n in range(6)],
    "email": [f"邮箱 user{n}@example.com" for n in range(10)] + ["ａ@example.cn", "联系x.y@mail.example.com.cn"],
    "home_address": [
        form.format(n)
        for n in range(1, 6)
        for form in (
            "家住重庆市示例区幸福路{0}号3单元5室",
            "户籍地址：四川省示例县青山村{0}组",
            "住址为示例市和平街{0}号",
        )
    ],
}

CLEAN: list[str] = [
    *(f"渝示环罚〔2020〕{n}号" for n in range(1, 30)),
    *(f"统一社会信用代码{sample_code(n)}" for n in range(1, 30)),
    *(f"注册号50010500000{n:04d}" for n in range(1, 20)),
    *(f"罚款人民币{n * 13579}元整" for n in range(1, 30)),
    *(f"20{n:02d}年1月{n}日，20{n:02d}01{n:02d}" for n in range(10, 28)),
    *(f"住所：重庆市示例区工业园{n}号" for n in range(1, 15)),
    *(f"投资额{n}800000000.00元" for n in range(1, 15)),
    *(f"许可证编号1380013800{n}" for n in range(10)),
    "未按规定排放污染物", "依据《中华人民共和国商标法》第六十条第二款", "渝中区某某街道", "京东商城店铺", "川A类食品",
    "苏B2备案", "粤B级锅炉", "居住区噪声超标", "影响居民住宅", "电话销售宣传", "违法所得13800138000元", "批号20200101123456",
]  # fmt: skip
