"""From a candidate to scikit-learn estimators: the leaf, the steps, the model."""
