from tests.timestamping.evidence_fixtures import (  # noqa: F401
    deposit,
    house,
    letter,
    package,
    package_file,
    sealer,
)
