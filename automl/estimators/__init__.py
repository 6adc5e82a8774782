"""What is fitted: models and preparation steps that scikit-learn lacks, or wraps otherwise, under its conventions."""
