"""Between the wire and the domain: pure functions, one pair per message. Nothing else knows both.

``…_from_proto`` collects what it cannot read as faults with field paths. ``…_to_proto`` raises ValueError on values
that do not fit the wire (64 bits for amounts, 32 bits for seconds and ids).
"""
