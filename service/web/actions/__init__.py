"""What each page says, put together from the same answers that the API gives."""
