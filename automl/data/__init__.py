"""What is asked: the table, its columns, the task, the splits and the metric."""
