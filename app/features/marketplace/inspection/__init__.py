"""What a release is made of: the room that looks into an artifact, and into what came with it.

It owns what is looked for and what was found; whether that is good enough, policies say (`marketplace.publish`). It
knows nothing of who built an artifact (`supply/`), and never runs, imports or unpickles anything that it looks at.
"""
