"""What the tests of the policies in force show: results, and what they reach."""
