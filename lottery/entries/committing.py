from lottery.entries.plain import commit_to

__all__ = ["commit_to"]
