"""What if: losses of parts of a cluster assessed in processes, beside a plan for each; how cost and memory grow."""
