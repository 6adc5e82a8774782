"""From a candidate to a scikit-learn Pipeline: how each kind of column is prepared, the steps, the model."""
