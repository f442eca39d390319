"""What the standard and the user want: from facts and intent to a plan."""
