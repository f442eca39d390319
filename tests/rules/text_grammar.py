"""Synthetic descriptions with a patient to match: what must go and what must stay, made from a seed.

The words of anatomy and technique below were written from the catalogues of examinations that departments
use, before any of them was tried, and not changed after: what the cleaner loses of them is a true loss.
"""

# ruff: noqa: E501

import random
from dataclasses import dataclass
from datetime import date

LATIN_NAMES = (
    ("Quenbert", "Oswaldine"), ("Hand", "Peter"), ("Brown", "Mary"), ("Long", "Foot"), ("Smith-Jones", "Anne"),
    ("O'Neill", "Sean"), ("Sørensen", "Bjørn"), ("Young", "Grace"), ("Hart", "Rose"), ("Stone", "Clay"),
    ("Lungwitz", "Ida"), ("de la Cruz", "Maria"), ("Kneebone", "Ruth"), ("Armstrong", "Neil"), ("Bone", "Will"),
)  # fmt: skip
HAN_NAMES = (
    ("张", "小东", "Zhang", "Xiaodong"), ("白", "雪", "Bai", "Xue"), ("高", "强", "Gao", "Qiang"), ("欧阳", "修文", "Ouyang", "Xiuwen"),
    ("王", "心怡", "Wang", "Xinyi"), ("骨", "立", "Gu", "Li"), ("吕", "布", "Lü", "Bu"), ("司马", "光", "Sima", "Guang"),
    ("正", "平", "Zheng", "Ping"), ("单", "侧", "Shan", "Ce"), ("胡", "胸", "Hu", "Xiong"),
)  # fmt: skip
PHYSICIANS = ("Whitfield^Ada", "Okonkwo^Chidi", "Li^Wei=李^伟", "Castellano^Bruno", "Hand^Ulrich")
INSTITUTIONS = ("Larkspur General Hospital", "St. Maurice Clinic", "江城第三人民医院", "北岭市中心医院")

ANATOMY = (
    "chest", "abdomen", "pelvis", "brain", "head", "neck", "cervical spine", "thoracic spine", "lumbar spine", "sacrum",
    "left knee", "right shoulder", "hip", "ankle", "wrist", "hand", "foot", "elbow", "femur", "tibia and fibula", "humerus",
    "forearm", "liver", "kidneys", "pancreas", "spleen", "bladder", "prostate", "uterus", "ovaries", "thyroid", "breast",
    "sinuses", "orbits", "temporal bones", "mandible", "facial bones", "aorta", "carotid arteries", "renal arteries",
    "pulmonary arteries", "lower extremity veins", "soft tissue neck", "small bowel", "colon", "esophagus", "appendix",
    "gallbladder", "scrotum", "testes", "brachial plexus", "sacroiliac joints", "ribs", "sternum", "clavicle", "scapula",
    "pituitary", "internal auditory canals", "mediastinum", "coronary arteries", "heart", "adrenal glands", "great toe",
)  # fmt: skip
TECHNIQUE = (
    "CT", "MRI", "XR", "US", "PA and lateral", "AP portable", "w/o contrast", "with contrast", "with and without contrast",
    "axial T2", "sagittal STIR", "coronal T1 FS", "FLAIR", "DWI b1000", "3D TOF", "MIP", "MPR 2 mm", "5 mm soft", "bone window",
    "lung kernel", "arterial phase", "portal venous phase", "delayed 10 min", "low dose", "high resolution", "3 views", "2 views",
    "standing", "weight bearing", "upright", "post op", "follow up", "screening", "limited", "complete", "doppler", "color flow",
    "transvaginal", "t1_mprage_sag_p2_iso", "ep2d_diff_3scan", "A4C colour", "PLAX", "bilateral", "oblique", "tomosynthesis",
    "CC and MLO", "perfusion", "angiogram", "venogram", "arthrogram", "stress and rest", "fat sat", "GRE T2*", "ax 3D bravo",
)  # fmt: skip
HAN_ANATOMY = (
    "胸部", "腹部", "头颅", "颅脑", "颈椎", "胸椎", "腰椎", "骨盆", "左膝关节", "右肩关节", "髋关节", "踝关节", "腕关节",
    "双手", "左足", "肝胆胰脾", "双肾", "膀胱", "前列腺", "子宫附件", "甲状腺", "乳腺", "鼻窦", "眼眶", "颞骨", "下颌骨",
    "主动脉", "颈动脉", "冠状动脉", "肺动脉", "下肢静脉", "全腹", "上腹部", "盆腔", "垂体", "内听道", "肋骨", "锁骨", "股骨",
    "胫腓骨", "心脏", "四肢血管", "副鼻窦", "腮腺", "食管", "阑尾", "胆囊", "脾脏", "肾上腺",
)  # fmt: skip
HAN_TECHNIQUE = (
    "平扫", "增强", "平扫+增强", "正侧位", "正位", "侧位", "斜位", "CT", "MRI", "DR", "彩超", "三维重建", "薄层", "骨窗", "肺窗",
    "动脉期", "静脉期", "延迟期", "低剂量", "床旁", "立位", "仰卧位", "复查", "术后", "急诊", "体检", "灌注", "弥散", "T2压脂",
    "血管成像", "造影", "高分辨", "多普勒", "水成像", "5mm", "冠状位重建",
)  # fmt: skip
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
NUMERALS = "〇一二三四五六七八九"


@dataclass(frozen=True)
class Patient:
    """What the header says."""

    name: str
    patient_id: str
    accession: str
    born: date
    studied: date
    physician: str
    institution: str
    chinese: bool


@dataclass(frozen=True)
class Description:
    """One text: what of it the header knows, what only a pattern can know, and the words to be kept."""

    text: str
    known: tuple[str, ...]
    pattern: tuple[str, ...]
    wanted: tuple[str, ...]


def patient(rng: random.Random, *, chinese: bool) -> Patient:
    if chinese:
        surname, given, latin, latin_given = rng.choice(HAN_NAMES)
        name = rng.choice(
            (f"{latin}^{latin_given}={surname}^{given}", f"{surname}{given}", f"{surname}^{given}")
        )
    else:
        name = "^".join(rng.choice(LATIN_NAMES))
    return Patient(
        name,
        rng.choice(
            (f"{rng.randrange(10**7):07d}", f"MR-{rng.randrange(10**6):06d}", f"{rng.randrange(100, 99999)}")
        ),
        f"A{rng.randrange(10**8):08d}",
        date(rng.randrange(1925, 2015), rng.randrange(1, 13), rng.randrange(1, 29)),
        date(rng.randrange(2005, 2026), rng.randrange(1, 13), rng.randrange(1, 29)),
        rng.choice(PHYSICIANS),
        rng.choice(INSTITUTIONS[2:] if chinese else INSTITUTIONS[:2]),
        chinese,
    )


def name_texts(rng: random.Random, who: Patient) -> list[str]:
    """Return spellings of a name that the header gives in PN form."""
    made = []
    for group in who.name.split("="):
        parts = group.split("^")
        if len(parts) < 2:
            made.append(group)
            continue
        last, first = parts[0], parts[1]
        if group.isascii() or group[0].isascii():
            made += [
                f"{first} {last}",
                f"{last}, {first}",
                f"{last} {first}",
                f"{last.upper()} {first.upper()}",
            ]
            made += [f"{last}^{first}", f"{first.lower()} {last.lower()}", f"{last}_{first}", f"Mr. {last}"]
        else:
            made += [f"{last}{first}", f"{last} {first}", f"{last}{first}先生"]
    return made


def date_texts(day: date) -> list[str]:
    """Return the written forms of a date."""
    month = MONTHS[day.month - 1]
    numerals = "".join(NUMERALS[int(d)] for d in str(day.year))
    return [
        f"{day:%Y%m%d}", f"{day:%Y-%m-%d}", f"{day:%Y/%m/%d}", f"{day:%Y.%m.%d}", f"{day:%d/%m/%Y}", f"{day:%m/%d/%Y}",
        f"{day:%d/%m/%y}", f"{day:%d.%m.%Y}", f"{day:%d}-{month}-{day:%Y}", f"{day:%d}{month.upper()}{day:%y}",
        f"{month} {day.day}, {day.year}", f"{day.year}年{day.month}月{day.day}日", f"{day.month}月{day.day}日",
        f"{numerals}年{_han(day.month)}月{_han(day.day)}日", f"{str(day.year)[2:]}年{day.month}月",
        f"民国{day.year - 1911}年{day.month}月{day.day}日",
    ]  # fmt: skip


def _han(number: int) -> str:
    tens, ones = divmod(number, 10)
    return ("" if tens == 0 else "十" if tens == 1 else NUMERALS[tens] + "十") + (
        NUMERALS[ones] if ones else ""
    )


def known_text(rng: random.Random, who: Patient) -> str:
    """Return something that the header knows."""
    surname = who.physician.split("^")[0]
    kinds = (
        lambda: rng.choice(name_texts(rng, who)),
        lambda: rng.choice(name_texts(rng, who)),
        lambda: rng.choice(date_texts(who.born)),
        lambda: rng.choice(date_texts(who.studied)),
        lambda: who.patient_id,
        lambda: who.accession,
        lambda: f"Dr {surname}",
        lambda: who.institution,
    )
    return rng.choice(kinds)()


def pattern_text(rng: random.Random, *, chinese: bool) -> str:
    """Return an identifier of somebody whom the header does not name."""
    four = f"{rng.randrange(10**4):04d}"
    latin = (
        f"(202) 555-0{rng.randrange(100, 200)}", f"tel 555-01{four[:2]}", f"jane.{four}@example.com", f"MRN {four}7",
        f"219-09-{rng.randrange(1000, 9999)}", "4111 1111 1111 1111", f"https://pacs.example.org/study?id={four}",
        f"192.168.{rng.randrange(256)}.{rng.randrange(256)}", "Dr. Vandermeer", "Prof. Ixworth", "Mrs. Thistle",
        f"{rng.randrange(20, 89)}F", f"{rng.randrange(20, 89)} yo male", f"Acc# 88{four}", f"{rng.randrange(1, 99)} Elm Street",
        "999 000 0018", f"Patient ID: X{four}", f"12 {rng.choice(MONTHS)} 20{rng.randrange(10, 26)}",
    )  # fmt: skip
    han = (
        "990000180001010017", f"138{four}{four}", f"住院号:00{four}", f"检查号：CT2021{four}", f"京A·{four}5", "患者李雷",
        "王主任", "申请医生：赵六", f"{rng.randrange(1, 99)}岁", f"男 {rng.randrange(20, 89)}岁", f"微信: abc{four}x",
        f"病历号 {four}12", "江城市东湖区桂子山街道7号", "买买提·艾力", f"二〇二{rng.randrange(1, 6)}年三月十二日",
    )  # fmt: skip
    return rng.choice(han if chinese and rng.random() < 0.7 else latin)


def description(rng: random.Random, who: Patient) -> Description:
    """Return a description of this patient's examination, with identity mixed in."""
    anatomy, technique = (HAN_ANATOMY, HAN_TECHNIQUE) if who.chinese else (ANATOMY, TECHNIQUE)
    wanted = [rng.choice(technique), rng.choice(anatomy), rng.choice(technique)]
    known = [known_text(rng, who) for _ in range(rng.randrange(0, 3))]
    pattern = [pattern_text(rng, chinese=who.chinese) for _ in range(rng.randrange(0, 2))]
    parts = [*wanted, *known, *pattern]
    rng.shuffle(parts)
    joint = rng.choice((" ", ", ", " - ", " / ", "; ") if not who.chinese else (" ", "，", " ", "；"))
    return Description(joint.join(parts), tuple(known), tuple(pattern), tuple(wanted))
