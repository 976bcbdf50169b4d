"""From a target to a plan: steps in a safe order (`ordering/`), what each must wait for, times, reasons and undos."""
