"""The closed list of lines that may stay: side markers, view and position names, a number with its unit."""

import re
import unicodedata
from typing import Final

_SIDES: Final = "L R LT RT LEFT RIGHT SIN DEX 左 右 左侧 右侧 左位 右位"
_VIEWS: Final = (
    "AP PA LAT LATERAL LL RL LLD RLD OBL OBLIQUE LAO RAO LPO RPO CC MLO LM ML XCCL LCC RCC LMLO RMLO AXIAL "
    "SAGITTAL CORONAL TRANSVERSE SUPINE PRONE ERECT UPRIGHT SEMI-UPRIGHT SEMIUPRIGHT SEMI-ERECT STANDING "
    "SITTING DECUBITUS PORTABLE BEDSIDE INSP EXP INSPIRATION EXPIRATION ANTERIOR POSTERIOR SUPERIOR INFERIOR "
    "前 后 上 下 头 足 前后位 后前位 正位 侧位 斜位 左侧位 右侧位 左斜位 右斜位 仰卧 仰卧位 俯卧 俯卧位 "
    "立 立位 站立位 卧 卧位 半卧位 坐位 侧卧位 床边 床旁 吸气 呼气 吸气相 呼气相"
)
_UNITS: Final = (
    "MM CM MM/S CM/S M/S HZ KHZ MHZ DB FPS F/S BPM KV KVP MV MA MAS ΜA MSEC MS S SEC MIN HU % ° DEG ML CC "
    "MMHG MGY GY ΜGY MSV ΜSV MGY*CM MGYCM DGYCM2 W MW MW/CM2"
)
_VALUES: Final = "MI TI TIS TIB TIC FR HR DR GN GAIN DEPTH KV KVP MA MAS IM ITM"
"""Names that may stand before a number, with or without a unit: output indices, rates, exposure."""
_WORD: Final = "|".join(re.escape(w) for w in sorted(f"{_SIDES} {_VIEWS}".split(), key=len, reverse=True))
_UNIT: Final = "|".join(re.escape(u) for u in sorted(_UNITS.split(), key=len, reverse=True))
_NAME: Final = "|".join(sorted(_VALUES.split(), key=len, reverse=True))
_NUMBER: Final = r"[<>≤≥=+\-±~]?\s?\d{1,4}(?:[.,]\d{1,3})?"
_PART: Final = rf"(?:{_WORD}|{_NUMBER}\s?(?:{_UNIT})|(?:{_NAME})\s?[:=]?\s?{_NUMBER}(?:\s?(?:{_UNIT}))?)"
_LINE: Final = re.compile(rf"[(\[]?{_PART}(?:[\s,;/|·()\[\]]+{_PART})*[)\]]?")


def is_harmless(text: str) -> bool:
    """Return whether a line is nothing but what the closed list holds, whole and in any case."""
    plain = unicodedata.normalize("NFKC", text).strip().upper().replace("µ", "Μ")
    return bool(_LINE.fullmatch(plain))
