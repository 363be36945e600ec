"""``python -m portal.verification PACKAGE [FILE]``."""

from portal.verification.offline import main

raise SystemExit(main())
