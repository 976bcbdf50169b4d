"""Plans: actions, their order and dependencies, times, reasons and undo."""
