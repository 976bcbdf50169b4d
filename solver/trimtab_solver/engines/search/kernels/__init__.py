"""What a single change of place means to each primitive: one module per primitive, compiled with numba.

Kernels take arrays only, allocate nothing and hold no lock, so that several searches run side by side in threads.
"""
