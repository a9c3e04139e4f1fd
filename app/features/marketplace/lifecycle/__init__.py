"""What becomes of a listing after it was published: steps, badges, clocks, reviews, support, findings, appeals.

Owns nothing of how a release gets on sale (`catalogue/`) or is looked into (`inspection/`), and nothing of money.
"""
