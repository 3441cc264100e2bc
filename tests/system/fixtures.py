# SPDX-License-Identifier: Apache-2.0
import shutil
import tempfile

import pytest

from sightline import Instance


def instances():
    """A factory of instances in short paths (unix sockets), ended and checked afterwards."""
    made = []

    def make(**kwargs):
        directory = tempfile.mkdtemp(prefix="sl-")
        instance = Instance(directory, **kwargs)
        made.append(instance)
        return instance

    yield make
    try:
        for instance in made:
            instance.stop()
    finally:
        for instance in made:
            for process in instance.processes.values():
                if process.alive():
                    process.kill()
            shutil.rmtree(instance.dir, ignore_errors=True)


make_instance = pytest.fixture(instances, name="make_instance")
# For files whose tests leave an instance as they found it.
make_module_instance = pytest.fixture(instances, scope="module", name="make_module_instance")


@pytest.fixture(scope="module")
def shared_instance(make_module_instance):
    """One aggregator and gateway for all tests of a file."""
    return make_module_instance().start()


@pytest.fixture
def instance(make_instance):
    """Aggregator, one gateway and the system collector, healthy."""
    return make_instance().start("system")
