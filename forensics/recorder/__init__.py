"""The recorder: a process of its own that turns a screen into closed, digestible segments.

``python -m forensics.recorder`` looks at the screen a fixed number of times a second and writes
segments of fragmented MP4, ten seconds each. It says what it does in lines of JSON on its standard
output (:mod:`forensics.recorder.messages`) and is told what to do on its standard input; when that
closes, it closes the segment and ends. What it writes is digested and chained by the keeper
(:mod:`forensics.session`), which sees when it dies or stands still.

A ``kill -9`` loses what was not yet on the disk: fragments of one second, and a frame at least
twice a second even when nothing moves, bound that to about a second and a half.
"""
