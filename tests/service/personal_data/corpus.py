"""Made-up texts: what holds personal data of a kind, and what looks like it and holds none.

Every number is invented and made by rule, its check digit right. The texts count as a measure, not as a proof: among those
that hold something are forms that the scan is known to miss, so that docs/personal-data.md states them.
"""

from collections.abc import Callable, Iterator

from service.samples import sample_code
from service.uscc.rules import c18, org_check, reg_no_check

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_WIDE = str.maketrans({code: code + 0xFEE0 for code in range(0x21, 0x7F)})


def identity_number(serial: int, *, region: str = "500199", year: int = 1950) -> str:
    """Return an invented identity number with a right check digit."""
    first = f"{region}{year + serial % 50}{serial % 12 + 1:02d}{serial % 28 + 1:02d}{serial * 37 % 1000:03d}"
    return first + "10X98765432"[sum(int(a) * b for a, b in zip(first, _WEIGHTS, strict=True)) % 11]


def identity_number_with_x(serial: int) -> str:
    """Return an invented identity number whose check digit is X."""
    return next(n for n in map(identity_number, range(serial * 100, serial * 100 + 99)) if n.endswith("X"))


def bank_card(serial: int, *, issuer: str = "62219900", length: int = 19) -> str:
    """Return an invented card number that passes the Luhn check."""
    first = issuer + f"{serial * 7_919:0{length - 1 - len(issuer)}d}"
    total = sum(int(d) if place % 2 else sum(divmod(2 * int(d), 10)) for place, d in enumerate(reversed(first)))
    return first + str(-total % 10)


def mobile(serial: int) -> str:
    """Return an invented mobile number."""
    return f"1{3 + serial % 7}{serial * 104_729 % 10**9:09d}"


def fours(number: str, sign: str = " ") -> str:
    """Return a number in groups of four."""
    return sign.join(number[at : at + 4] for at in range(0, len(number), 4))


def old_registration_number(serial: int) -> str:
    """Return an invented registration number of 15 digits that reads like an old identity number, with a birth date."""
    first = f"500199{50 + serial % 49}{serial % 12 + 1:02d}{serial % 28 + 1:02d}{serial % 90 + 10}"
    return first + reg_no_check(first)


def numeric_code(serial: int) -> str:
    """Return an invented credit code of digits alone."""
    for body in range(serial * 1000, serial * 1000 + 999):
        org = f"{body:08d}"
        first = f"91500119{org}{org_check(org)}"
        if (first + c18(first)).isdigit():
            return first + c18(first)
    raise AssertionError


def _each(make: Callable[[int], str], forms: list[str], *, times: int) -> Iterator[str]:
    for form in forms:
        for serial in range(times):
            number = make(serial * 13 + len(form))
            yield form.format(
                number,
                wide=number.translate(_WIDE),
                spaced=" ".join(number),
                fours=fours(number),
                dashed=fours(number, "-"),
                parts=f"{number[:6]} {number[6:14]} {number[14:]}",
                three=f"{number[:3]} {number[3:7]} {number[7:]}",
                three_dashed=f"{number[:3]}-{number[3:7]}-{number[7:]}",
                hidden=f"{number[:5]}\u200b{number[5:]}",
                broken=f"{number[:7]}\n{number[7:]}",
                lower=number.lower(),
                old=number[:6] + number[8:17],
                short=f"{number[3:]}",
            )


HOLDING: dict[str, list[str]] = {
    "identity_number": [
        *_each(
            identity_number,
            [
                "当事人身份证号{0}", "（{0}）违规经营", "证件号码：{spaced}。", "张某某，公民身份号码：{0}，住示例市", "负责人李某{0}",
                "身份证{parts}", "居民身份证号码为{dashed}", "{wide}", "身份证号：{hidden}", "身份证号{broken}", "SFZ{0}",
                "税务登记号{0}00", "身份证号码：{old}", "居民身份证{old}，男", "当事人：王某（身份证：{0}、电话略）", "2018年3月{0}",
            ],
            times=3,
        ),
        *_each(identity_number_with_x, ["身份证号{0}", "证件{lower}。", "{wide}", "（{parts}）"], times=3),
        *(f"身份证号：{identity_number(n)[:17]}{(int(identity_number(n)[16]) + 3) % 10}" for n in (3, 5, 8)),
        *(f"持{identity_number(n, region=region)}" for n, region in enumerate(("810000", "830000", "110105", "650102"))),
        *(f"居留证号{identity_number(n, region=region)}" for n, region in enumerate(("911840", "944392"))),
        *(f"未成年人{identity_number(n, year=2012)}" for n in (1, 2)),
        *(f"（{identity_number(n, year=2010)[:18]}）" for n in range(3)),
        *(f"{form}{letter}1234567{n}" for n, letter in enumerate("EGD") for form in ("护照号码：", "持护照", "护照")),
        *("护照号EA1234567", "往来港澳通行证C12345678", "中国护照 E 12345678"),
        *("身份证号五零零一九九一九五二零三零三零七四六", "身份证：五〇〇一九九一九五二〇三〇三〇七四X"),
        *(f"证照{identity_number(n)[:6]}{identity_number(n)[8:17]}" for n in (1, 2)),
    ],
    "phone": [
        *_each(
            mobile,
            [
                "联系电话{0}", "手机：{0}，", "+86 {0}", "{0}", "负责人{0}张某", "{three}", "{three_dashed}", "手机{spaced}", "{wide}",
                "电话：{hidden}", "tel:{0}", "微信{0}", "（86）{0}", "0086-{0}", "加微信vx{0}", "{0}号码停机", "{0}/微信同号",
            ],
            times=2,
        ),
        *_each(
            lambda serial: f"0236{serial * 7_919 % 10**7:07d}",
            [
                "电话 023-{short}", "023-{short}", "（023）{short}", "(023){short}", "023 {short}", "联系电话{0}", "０２３－{short}",
                "座机{short}", "电话：{short}", "传真:{short}-8001", "电话号码为{short}、67890123", "0512-{short}", "电话0755{short}",
            ],
            times=2,
        ),
        *("023-67890123（示例市市场监督管理局）", "咨询电话：023-67890124", "手机一三八〇〇一三八〇〇〇", "电话号码是六七八九零一二三"),
        "电话幺三八零零一三八零零零", "电话：138 0013 800 0", "联系人张某 6789 0123",
    ],
    "bank_card": [
        *_each(bank_card, ["账号{0}", "卡号：{0}", "汇入{0}账户", "银行账户 {0}", "{fours}", "{dashed}", "{wide}", "转账至{0}。"], times=4),
        *_each(lambda n: bank_card(n, issuer="62170000", length=16), ["{0}", "{fours}", "卡{0}"], times=3),
        *_each(lambda n: bank_card(n, issuer="4367", length=16), ["{fours}", "银行卡号{0}", "卡号为{dashed}", "信用卡{0}"], times=2),
        *_each(
            lambda n: f"3100{n * 7_919:013d}",
            ["开户行：示例银行示例支行，账号：{0}", "帐号：{0}", "银行账号 {fours}", "户名示例有限公司账号{0}"],
            times=2,
        ),
        *("缴款账户：3100012345678901", "罚款缴至示例银行财政专户账号31000123456789012"),
    ],
    "plate": [
        *("使014578号车", "车牌使·014578", "渝A1234领", "WJ12345", "WJ渝 12345", "军车海A12345", "号牌为空K·12345", "牌照VA12345"),
        *(f"驾驶渝{letter}{n}C{n}5{n}号车" for letter in "ABCDFG" for n in range(4)),
        *(f"车牌渝AD{n}2345" for n in range(6)),
        *("川A·12345", "京 A12345", "渝A 1B2C3", "粤B-98765", "渝Ａ１２３４５", "沪A1234警", "渝BF12345", "渝A12345D", "鲁K1234挂"),
        *("使用的渝a12345小型轿车", "渝A12345、渝B54321两车", "粤Z1234港", "车辆（苏E12A45）超限", "使012345车", "WJ渝1234A"),
    ],
    "email": [
        *(f"邮箱 user{n}@example.com" for n in range(10)),
        *("ａ@example.cn", "联系x.y@mail.example.com.cn", "12345678＠example.com", "邮箱：a_b-c@example.org。", "abc @ example.com"),
        *("发送至ＡＢＣ＠ＥＸＡＭＰＬＥ．ＣＯＭ", "abc(at)example.com", "mailto:first.last+tag@sub.example.cn"),
    ],
    "home_address": [
        *(
            form.format(n)
            for n in range(1, 5)
            for form in (
                "家住重庆市示例区幸福路{0}号3单元5室", "户籍地址：四川省示例县青山村{0}组", "住址为示例市和平街{0}号",
                "张某，男，汉族，住重庆市示例区龙溪街道松石支路{0}号3-4。", "现住示例区花园小区{0}栋二单元", "户籍所在地：贵州省示例县示例镇大坪村{0}组",
                "家庭住址：重庆市示例区红星路{0}号附5号，电话略", "户口所在地示例市示例县城关镇北门巷{0}号", "居住于示例市示例区滨江路{0}号",
                "家庭地址：示例市示例区学府大道{0}号 身份证略", "暂住地示例市示例街道{0}社",
            )
        ),
        *("示例小区3栋2单元501室的王某", "其家在示例镇青山村2组", "住示例市三期安置房"),
    ],
}  # fmt: skip

CLEAN: list[str] = [
    *(f"渝示环罚〔2020〕{n}号" for n in range(1, 20)),
    *(f"统一社会信用代码{sample_code(n)}" for n in range(1, 20)),
    *map(numeric_code, range(1, 15)),
    *(f"统一社会信用代码：{numeric_code(n)}，住所：示例市示例路{n}号" for n in range(20, 30)),
    *(f"注册号50010500000{n:04d}" for n in range(1, 10)),
    *(f"注册号：{old_registration_number(n)}" for n in range(15)),
    *map(old_registration_number, range(20, 35)),
    *(f"罚款人民币{n * 13579}元整" for n in range(1, 15)),
    *(f"违法所得1{n}800138000元，货值1{n}800138000.50元" for n in range(3, 9)),
    *(f"20{n:02d}年1月{n}日，20{n:02d}01{n:02d}" for n in range(10, 28)),
    *(f"20{n}-0{n - 9}-1{n - 10} 1{n - 10}:30:2{n - 10}" for n in range(10, 18)),
    *(f"住所：重庆市示例区工业园{n}号" for n in range(1, 8)),
    *(f"经营场所：示例市示例区人民路{n}号附{n}号3栋1-2" for n in range(1, 8)),
    *(f"投资额{n}800000000.00元" for n in range(1, 8)),
    *(f"许可证编号1380013800{n}" for n in range(10)),
    *(f"案件编号5001992019{n:02d}01001{n}" for n in range(1, 12)),
    *(f"50019920200{n}1500{n}{n}" for n in range(1, 10)),
    *(f"6201022019010{n}00{n}{n}{n}" for n in range(1, 10)),
    *(f"条形码69012345678{n:02d}，批号20190{n % 9 + 1}{n + 10}" for n in range(1, 12)),
    *(f"SC1065001990{n:04d}" for n in range(1, 6)),
    *(f"渝示监案〔2018〕{identity_number(n, year=2012)}" for n in range(3)),
    *(f"第{identity_number(n, year=2012)}号" for n in range(3)),
    *(f"文号：{identity_number(n, year=2012)}" for n in range(3)),
    "未持护照入境", "护照代办服务", "一二三四五六七路", "电话亭一处", "身份一栏未填", "使123456元货款", "致使100000人", "牌照A类", "车牌未悬挂", "WJ系列产品",
    "粤B2-20180001", "京ICP备12345678号", "京ICP证030173号", "国药准字H20183456", "渝械注准20192010123", "浙A类食品12345", "渝A级企业",
    "江苏A12345型", "内蒙A12345号项目", "执行GB/T 19001-2016标准", "HJ 2025-2012", "型号ZX13800138000", "订单号E13800138000123",
    "第13800138000号", "〔2020〕023-12345678号", "拨打12315或12345", "客服电话400-123-4567", "统一热线：95588", "IP地址192.168.100.100",
    "经度106.5516431234，纬度29.5630101234", "面积13800138000平方米", "余额62219900000000791元", "账户余额138001380001.00元",
    "未按规定排放污染物", "依据《中华人民共和国商标法》第六十条第二款", "渝中区某某街道", "京东商城店铺", "川A类食品", "苏B2备案",
    "粤B级锅炉", "居住区噪声超标", "影响居民住宅", "电话销售宣传", "批号20200101123456", "@示例旗舰店", "www.example.cn", "示例市住房和城乡建设委员会",
    "违反户籍管理规定", "住宿业经营者", "提供住院服务", "住宅小区12栋电梯未检验", "家住附近的群众举报", "居住在周边的居民投诉噪声", "身份证件未查验",
    "未查验住客身份证", "使用他人身份证登记", "未取得身份信息", "联系方式未公示", "手机专卖店", "账号被封停", "抖音账号未备案", "开户行未填写",
    "机构代码：13830295-X", "组织机构代码123456788", "项目总投资12,345,678,901.23元", "编号：2019-023-12345678", "监测值0.0231234567毫克",
    "地址：示例市示例区和平路18号5-3", "注册地址：示例省示例市示例村3组", "公交车渝中线", "新A股上市", "云A级景区", "青A12级风险",
    "2019年1月1日至2019年12月31日", "20190101-20191231", "2019.01.01-2019.12.31", "20190101 20191231", "1998-10-12 12345678", "1998 1012 345",
    "车间3号楼2单元", "住所地示例市示例路5号", "现场检查发现3组设备", "邮编400000", "QQ群", "1,380,013,800.00", "500199-2019-0012", "公告2018年第138号",
]  # fmt: skip
