"""Four relying services that sign people in with the provider, to run and to copy from.

Each folder is one service; `relying_party` is what they share. An engineer copies two folders: the service
nearest to theirs, and `relying_party`.
"""
