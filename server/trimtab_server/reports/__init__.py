"""What people read of answers: a report holds rows and words once, renderings show it.

`model` says what a report is made of; `answer`, `verification`, `explanation`, `policy_tests`, `policy_findings`,
`policy_conflicts` and `policy_diff` write reports; `terminal`, `markdown`, `html_file` and `json_report`
render any of them.
"""
