"""The blueprint of the pages of deposits; the modules that fill it import it from here."""

from flask import Blueprint

blueprint = Blueprint("deposits", __name__, template_folder="templates")
