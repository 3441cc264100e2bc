# SPDX-License-Identifier: Apache-2.0
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from fixtures import instance, make_instance, make_module_instance, shared_instance  # noqa: E402, F401
