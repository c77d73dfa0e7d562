"""Pages of the monthly figures: what a statistics release says, as charts with their numbers."""
