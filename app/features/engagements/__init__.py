"""What officers do about audits: who may come in, what for and how long, and what auditors are answered."""
