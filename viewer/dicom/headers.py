"""The facts of one file for the list: a small strict parser for the usual case, pydicom for every other."""

import math
import re
import warnings
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from struct import Struct
from struct import error as StructError
from threading import Lock
from typing import Final, NamedTuple, Protocol, TypeAlias

from pydicom.errors import BytesLengthException, InvalidDicomError
from pydicom.filereader import read_partial
from pydicom.tag import BaseTag
from pydicom.uid import AllTransferSyntaxes, ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pydicom.uid import DeflatedExplicitVRLittleEndian, MediaStorageDirectoryStorage
