"""Let Triton interpret its kernels; it asks when it is imported."""

import os

os.environ["TRITON_INTERPRET"] = "1"
