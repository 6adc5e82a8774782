"""What has been tried: trials, the history of a run, its journal and artifacts."""
