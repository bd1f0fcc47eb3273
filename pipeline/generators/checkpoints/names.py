"""List the names that a network's pickle may mention; any other is code, and refuses the file."""

import re

from pipeline.generators.checkpoints.refusal import Refusal

DICTS = {"builtins.dict", "collections.OrderedDict", "dnnlib.util.EasyDict"}
ENCODE = "_codecs.encode"
"""How pickles of the older protocol spell bytes."""

RECONSTRUCT = "copyreg._reconstructor"
"""How they spell an object without arguments."""

PERSISTENT = "torch_utils.persistence._reconstruct_persistent_obj"
"""A module of NVIDIA's code bases: its source, the arguments it was made with, its state."""

_ALIASES = {"__builtin__": "builtins", "copy_reg": "copyreg"}
_OTHERS = re.compile(
    r"""
    torch_utils\.persistence\._reconstruct_persistent_obj
    | torch\.storage\.(_load_from_bytes|TypedStorage|UntypedStorage)
    | torch\.[A-Z][A-Za-z0-9]*Storage
    | torch\.(Size|Tensor|device|float16|float32|float64|bfloat16|u?int(8|16|32|64)|bool)
    | torch\.nn\.parameter\.(Parameter|Buffer)
    | torch\.nn\.modules\.[a-z]+\.[A-Z][A-Za-z0-9]*
    | torch\._utils\._rebuild_(tensor|tensor_v2|parameter|parameter_with_state)
    | numpy\.(dtype|ndarray|_?core\.multiarray\.(scalar|_reconstruct))
    | argparse\.Namespace
    | pathlib\.(Pure)?(Posix|Windows)?Path
    | collections\.(Counter|defaultdict)
    | builtins\.(set|frozenset|int|float|bool|str|bytes|list|tuple|object|bytearray|complex|slice)
    """,
    re.VERBOSE,
)
_TENSORFLOW = "dnnlib.tflib."


def allowed_name(module: str, attribute: str) -> str:
    """Join a name, `module.attribute`, that a network's pickle may mention.

    The names are labels for the readers; none is ever imported or looked up.

    Raises:
        Refusal: the name is not on the list.
    """
    path = f"{_ALIASES.get(module, module)}.{attribute}"
    known = path in DICTS or path in (ENCODE, RECONSTRUCT)
    if known or _OTHERS.fullmatch(path):
        return path
    if path.startswith(_TENSORFLOW):
        raise Refusal(
            f"is a pickle of the TensorFlow code base (it names {path})",
            "convert it with legacy.py of the StyleGAN3 code base, then give that file",
        )
    raise Refusal(
        f"holds code: its pickle names {path[:200]}, which is no part of a network; "
        "nothing was executed",
        "do not open it with other tools, and get the weights from a publisher you trust",
    )
