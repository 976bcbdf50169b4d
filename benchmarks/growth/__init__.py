"""How the tools for policies grow with the policy: documents of shapes that are hard for one of them."""
