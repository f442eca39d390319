"""The networks that find and read text: where they are, and whether this computer can run them.

PP-OCRv6 small (detector, recogniser; Apache-2.0), and before them a small one of our own that glances at
frames, run by onnxruntime. They are optional: without them the program works and says that pixels were not
looked at. Nothing is fetched at run time.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from viewer.dicom.errors import DeidError
from viewer.resources import resource

DETECTOR: Final = "PP-OCRv6_det_small.onnx"
RECOGNISER: Final = "PP-OCRv6_rec_small.onnx"
GLANCE: Final = "glance.onnx"
_FOLDER: Final = "text"


class NoTextSearch(DeidError):
    """Text in the pixels cannot be looked for here: a part is missing, or does not work."""


@cache
def text_search_trouble() -> str:
    """Return why text cannot be looked for on this computer, "" when it can."""
    try:
        import onnxruntime  # noqa: F401
    except (ImportError, OSError):
        return "The part that finds text in pixels (onnxruntime) is not installed."
    for name in (DETECTOR, RECOGNISER, GLANCE):
        if not resource(_FOLDER, name).is_file():
            return "The networks that find text in pixels are not installed."
    return ""


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """One loaded network; threads may share it."""

    _session: Any
    characters: Sequence[str] = ()
    """What the recogniser can tell, in the order of its answers."""

    def at(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the map that answers to one picture, (rows, columns), 0 black to 255 white."""
        values = pixels.astype(np.float32)
        values *= 1 / 127.5
        values -= 1
        answer: NDArray[np.float32] = self.run(values[None, None])[0, 0]
        return answer

    def run(self, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the answer to pixels of shape (pictures, 1, rows, columns), -1 black to 1 white."""
        try:
            answer: NDArray[np.float32] = self._session.run(None, {"x": pixels})[0]
        except Exception as error:  # the runtime has errors of its own kinds
            raise NoTextSearch("The search for text in the pixels failed.") from error
        return answer


def load_network(name: str, *, threads: int) -> Network:
    """Return a network; raises NoTextSearch when it is missing, changed or cannot be run."""
    trouble = text_search_trouble()
    if trouble:
        raise NoTextSearch(trouble)
    import onnxruntime  # 0.1 s: only who looks for text waits for it

    try:
        content = resource(_FOLDER, name).read_bytes()
        expected = json.loads(resource(_FOLDER, "manifest.json").read_bytes())["files"][name]["sha256"]
    except (OSError, ValueError, KeyError) as error:
        raise NoTextSearch("The networks that find text in pixels cannot be read.") from error
    if hashlib.sha256(content).hexdigest() != expected:
        raise NoTextSearch("A network that finds text in pixels is damaged; install the program again.")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Waiting threads would take the time of those that work.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # Plans of memory for each size of a canvas are kept for ever; without them less is held, and it is faster
    # than without an arena.
    options.enable_mem_pattern = False
    # Threads take small parts of what is left of a step, so that none waits long for the other.
    options.add_session_config_entry("session.dynamic_block_base", "4")
    options.log_severity_level = 4
    onnxruntime.disable_telemetry_events()
    try:
        session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # as above
        raise NoTextSearch("The networks that find text in pixels cannot be started.") from error
    told = session.get_modelmeta().custom_metadata_map.get("character", "")
    return Network(session, (*told.split("\n"),))
