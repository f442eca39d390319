"""Lines as they stand burned into images of invented patients, and as a recogniser misreads them."""

import random
from dataclasses import dataclass

from pydicom.dataset import Dataset

SURNAMES = ("Davidson", "Kaufman", "O'Brien", "Lindqvist", "Nakamura", "Garcia")
SURNAMES += ("Müller", "Novak", "Okafor", "Petrov", "Smith", "Brown")
GIVEN = ("Douglas", "Scott", "Mary-Ann", "Pia", "Kenji", "José", "Anna", "Chidi", "Irina", "Hannah")
HAN_SURNAMES, HAN_GIVEN = (
    "王李张刘陈杨赵黄周吴徐孙欧阳",
    ("小明", "秀英", "伟", "建国", "丽华", "志强", "敏", "晓燕", "海涛"),
)
PINYIN = {
    "王": "Wang",
    "李": "Li",
    "张": "Zhang",
    "刘": "Liu",
    "陈": "Chen",
    "杨": "Yang",
    "赵": "Zhao",
    "黄": "Huang",
    "周": "Zhou",
    "吴": "Wu",
    "徐": "Xu",
    "孙": "Sun",
    "小明": "Xiaoming",
    "秀英": "Xiuying",
    "伟": "Wei",
    "建国": "Jianguo",
    "丽华": "Lihua",
    "志强": "Zhiqiang",
    "敏": "Min",
    "晓燕": "Xiaoyan",
    "海涛": "Haitao",
}
HOSPITALS = ("St. Elsewhere Memorial Hospital", "Riverside County Clinic", "Baptist Medical Center")
HAN_HOSPITALS = ("北京协和医院", "上海市第一人民医院", "华西医院放射科")
MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


@dataclass(frozen=True)
class Case:
    header: Dataset
    lines: tuple[str, ...]


def case(random_: random.Random, *, chinese: bool) -> Case:
    """One invented patient, and lines that identify, in the spellings that devices and stickers use."""
    dataset = Dataset()
    dataset.SpecificCharacterSet = "ISO_IR 192"
    number = f"{random_.randrange(10**7, 10**8)}"
    accession = f"{random_.choice(['A', 'CT', 'DX'])}{random_.randrange(10**8, 10**9)}"
    year, month, day = random_.randint(1930, 2015), random_.randint(1, 12), random_.randint(1, 28)
    study = (random_.randint(2016, 2025), random_.randint(1, 12), random_.randint(1, 28))
    dataset.PatientID, dataset.AccessionNumber = number, accession
    dataset.PatientBirthDate, dataset.StudyDate = (
        f"{year:04}{month:02}{day:02}",
        f"{study[0]}{study[1]:02}{study[2]:02}",
    )
    names = _chinese(dataset, random_) if chinese else _western(dataset, random_)
    born = (year, month, day)
    dates = [form for when in (born, study) for form in _dates(when, chinese)]
    numbers = [
        f"ID: {number}",
        f"MRN {number[:4]} {number[4:]}",
        f"#{number}",
        f"Acc# {accession}",
        f"病历号:{number}",
    ]
    doctor, hospital = str(dataset.ReferringPhysicianName), dataset.InstitutionName
    people = [f"Dr. {doctor.split('^')[0].split('=')[-1]}", f"Ref: {doctor.replace('^', ' ').split('=')[-1]}"]
    return Case(dataset, (*names, *dates, *numbers, *people, hospital, hospital.upper()))


def _western(dataset: Dataset, random_: random.Random) -> list[str]:
    last, first = random_.choice(SURNAMES), random_.choice(GIVEN)
    dataset.PatientName = f"{last}^{first}"
    dataset.ReferringPhysicianName = (
        f"{random_.choice([s for s in SURNAMES if s != last])}^{random_.choice(GIVEN)}"
    )
    dataset.InstitutionName = random_.choice(HOSPITALS)
    sex = random_.choice("MF")
    return [
        f"{last.upper()}^{first.upper()}",
        f"{last} {first} [{sex}]",
        f"{first} {last}",
        f"{last}, {first}",
        f"{last.upper()} {first.upper()} {random_.randint(18, 90)}Y",
        f"NAME: {first[0]}. {last}",
    ]


def _chinese(dataset: Dataset, random_: random.Random) -> list[str]:
    last, first = random_.choice(HAN_SURNAMES[:12]), random_.choice(HAN_GIVEN)
    dataset.PatientName = f"{PINYIN[last]}^{PINYIN[first]}={last}^{first}"
    dataset.ReferringPhysicianName = random_.choice(HAN_SURNAMES[:12]) + random_.choice(HAN_GIVEN)
    dataset.InstitutionName = random_.choice(HAN_HOSPITALS)
    age = random_.randint(18, 90)
    return [
        f"{last}{first}",
        f"姓名:{last}{first}",
        f"{last}{first} 男 {age}岁",
        f"{last} {first}",
        f"{PINYIN[last].upper()} {PINYIN[first].upper()}",
        f"{PINYIN[first]} {PINYIN[last]}",
    ]


def _dates(when: tuple[int, int, int], chinese: bool) -> list[str]:
    y, m, d = when
    forms = [
        f"{y}-{m:02}-{d:02}",
        f"{d:02}.{m:02}.{y}",
        f"{m:02}/{d:02}/{y}",
        f"{d} {MONTHS[m - 1]} {y}",
        f"{y}{m:02}{d:02}",
        f"{d:02}-{MONTHS[m - 1].upper()}-{y % 100:02}",
        f"{y}/{m}/{d} 10:22:31",
    ]
    return [*forms, f"{y}年{m}月{d}日", f"检查日期 {y}年{m:02}月{d:02}日"] if chinese else forms


ALIKE = {
    "O": "0",
    "0": "O",
    "1": "l",
    "I": "1",
    "l": "I",
    "S": "5",
    "5": "S",
    "8": "B",
    "B": "8",
    "2": "Z",
    "Z": "2",
}
HAN_ALIKE = {"晓": "小", "明": "名", "伟": "韦", "华": "花", "李": "李", "张": "章", "建": "健", "日": "曰"}


def misread(text: str, random_: random.Random) -> str:
    """A line as a recogniser may give it: one or two faults of the common kinds."""
    for _ in range(random_.choice((0, 1, 1, 2))):
        places = [i for i, c in enumerate(text) if c in ALIKE or c in HAN_ALIKE]
        fault = random_.randrange(5)
        if fault == 0:
            text = text.replace(" ", "", 1)
        elif fault == 1 and places:
            at = random_.choice(places)
            text = text[:at] + {**ALIKE, **HAN_ALIKE}[text[at]] + text[at + 1 :]
        elif fault == 2 and len(text) > 9 and text.isascii():
            at = random_.randrange(len(text))
            text = text[:at] + text[at + 1 :]
        elif fault == 3:
            text = text.replace(":", "：").replace("-", "－", 1)
        else:
            text = text.replace("rn", "m").replace("é", "e").replace("ü", "u")
    return text


HARMLESS = (
    "L",
    "R",
    "左",
    "AP",
    "PA SUPINE",
    "LAT",
    "MI 1.2",
    "TIS<0.4 MI=0.8",
    "15 cm",
    "15.0cm",
    "32 Hz",
    "65dB",
    "FR: 31,3 FPS",
    "65bpm",
    "100%",
    "120 kV 5 mAs",
    "75 mm/s",
    "Portable",
    "Semi-Upright",
    "左侧 仰卧位",
    "TIB 0.2",
    "30 mm",
    "6.0MHz",
    "R LAT",
    "后前位",
)
SCANNER = (
    "GAIN",
    "Persist Med",
    "CHI",
    "Map 3",
    "C5-2",
    "Abd Gen",
    "T1 TSE",
    "W 400 L 40",
    "HPen",
    "General",
    "Thyroid",
    "S5-1",
    "P Low",
    "Adult Echo",
    "CINE",
    "2D",
    "LYMPH",
    "NODE",
    "COMP 60",
    "XMIT:A",
)
