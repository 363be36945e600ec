"""An inverted index beside the data: words of any script and facets, on SQLite and on PostgreSQL.

It knows neither deposits nor their owners. Whoever uses it says what a document's words are,
follows the custody log to keep it current, and checks again what may be shown.
"""

from portal.search.index import MOST_SORTED, Document, Hit, SearchIndex
from portal.search.places import (
    LAST,
    Keys,
    Span,
    moment_of,
    place,
    place_from,
    title_key,
)
from portal.search.words import Query, Term, haystack, matches, terms, words

__all__ = [
    "LAST",
    "MOST_SORTED",
    "Document",
    "Hit",
    "Keys",
    "Query",
    "SearchIndex",
    "Span",
    "Term",
    "haystack",
    "matches",
    "moment_of",
    "place",
    "place_from",
    "terms",
    "title_key",
    "words",
]
