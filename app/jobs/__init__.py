"""Work that is due at times: what a job is, who may run it, and that each run happens once among all nodes.

Knows nothing of what jobs do. Features register theirs; `app.scheduling` is the process that runs them.
"""
