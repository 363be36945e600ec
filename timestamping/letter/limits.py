"""What a letter proves, and what must not be read into it: the two lists beside its strength."""

from __future__ import annotations

from timestamping.letter.strength import StrengthFacts
from timestamping.letter.words import Words


def proves(facts: StrengthFacts) -> tuple[Words, ...]:
    """What the letter proves, given the facts."""
    existed = Words(
        "在时间戳所载时间之前，与上述摘要对应的数据已经存在。",
        "Data with the digest above existed no later than the time in the time-stamp.",
    )
    unaltered = Words(
        "与该摘要相符的数据，自记入账本时起未被改动（在线诉讼规则第十六条），任何人均可独立核验。",
        "Data that matches the digest has not been altered since it was recorded (Online "
        "Litigation Rules, art. 16); anyone can check this independently.",
    )
    received = Words(
        "平台在所载时间从上述存证人处收到了该文件。"
        if facts.file_seen
        else "平台在所载时间从上述存证人处收到了该摘要。",
        f"The platform received the {'file' if facts.file_seen else 'digest'} from the depositor "
        "named above at the time stated.",
    )
    return (existed, unaltered, received)


def does_not_prove(facts: StrengthFacts) -> tuple[Words, ...]:
    """What must not be read into the letter, given the facts."""
    limits = [
        Words(
            "内容真实、合法，或存证人享有权利。",
            "That the content is true or lawful, or that the depositor holds rights in it.",
        ),
    ]
    if not facts.made_here:
        limits.append(
            Words(
                "数据在提交之前未被改动。", "That the data was unaltered before it was deposited."
            )
        )
    if not facts.file_seen:
        limits.append(
            Words(
                "平台或任何人见过摘要所对应的文件。",
                "That the platform, or anyone, has seen the file behind the digest.",
            )
        )
    limits.append(
        Words(
            "存证人的身份，超出上述核验方式所能说明的程度。",
            "Who the depositor is, beyond the way of identification stated above.",
        )
    )
    return tuple(limits)
