"""What a node says of itself in numbers: no ids, no names of persons, and labels that the policies bound."""
