"""Lightning systems and data modules, one per task."""
