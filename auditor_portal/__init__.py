"""The auditor portal: external auditors read an engagement's evidence here, and change nothing of the product's.

An application, a process and a host name of its own. It reads product data and the evidence store with credentials that
cannot write them, writes its own schema alone, and asks the decision endpoint about every page.
"""
