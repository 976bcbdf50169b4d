"""From a target to steps in an order of which every prefix is safe.

Event-driven: whatever is safe now is done now, restarts of high ranks first, each with the room it needs
(`orderer.py`). When nothing is safe any more there are ways out, one file each: shrinking guests for a while
(`squeeze.py`), moving one to a third host (`park.py`), stopping and starting one whose tier allows it (`interrupt.py`),
starting one elsewhere than planned (`retarget.py`); else moves are dropped and said so (`drop.py`). For small clusters
all ways are tried (`exhaustive.py`).
"""
