"""Controls as an auditor tests them: what the entity's tests showed, the same tests run again, samples, conclusions."""
