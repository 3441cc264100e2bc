# SPDX-License-Identifier: Apache-2.0
"""The hooks under the name that document 001 imports them by.

An application with a package "backend" of its own puts a copy of this file there.
"""
from sightline_hooks import *  # noqa: F401, F403
