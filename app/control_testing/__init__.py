"""What tests of controls are held against: the log and the running configuration, as rows. `running.run` tests them."""
