"""What people read of answers: a report holds rows and words once, renderings show it.

`model` says what a report is made of; `answer`, `verification`, `explanation`, `policy_tests`, `policy_findings`,
`policy_conflicts` and `policy_diff` write reports; `terminal`, `markdown` and `html_file` render any of them.
"""
