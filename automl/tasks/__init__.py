"""What is asked: the task, its target, and the metric by which answers are scored."""
