"""What a snapshot and a policy mean, read a second time from docs/concepts.md and docs/policy, for brute force.

It shares with the solver the classes of snapshots, documents and actions, and the parsing of policies: no selection,
no failure domains, no count of failures, no percentages, no budget and no rule kind. It is written to be compared with
the page, not to be fast, and knows as much CEL as random clusters and saved instances use.
"""
