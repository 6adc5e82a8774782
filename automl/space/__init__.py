"""What may be tried: domains, components, candidates, and the space they make."""
