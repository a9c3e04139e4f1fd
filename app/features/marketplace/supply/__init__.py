"""Who built an artifact, who vouches for it, and where its bytes lie.

Sigstore bundles are verified offline against the trust root of a tenant; a closed installation has a signing authority
of its own. Knows nothing of what is inside an artifact, nor of prices and buyers.
"""
