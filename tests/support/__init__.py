"""What tests share: random clusters, brute force, small clusters in code, ways to judge."""
