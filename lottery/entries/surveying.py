from lottery.entries.plain import survey_of

__all__ = ["survey_of"]
