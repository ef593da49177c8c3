# Ephemeral: made and destroyed by one test run; the issuer may be on loopback.
environment         = "ephemeral"
deletion_protection = false
alarms              = true
log_retention_days  = 1
bank                = "development"
shards              = 4
shows_cost          = true
