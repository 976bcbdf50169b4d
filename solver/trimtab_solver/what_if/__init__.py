"""What if: what comes of scenarios, each with a verified plan and a proof where there is one."""
