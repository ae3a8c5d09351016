"""What was changed before a fault began: roll-outs that the cluster shows, then commits that GitHub has."""
