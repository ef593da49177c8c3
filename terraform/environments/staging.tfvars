# Staging: as production, with made-up people.
environment        = "staging"
log_retention_days = 30
shards             = 16
shows_cost         = true
# Its people are made up, and so is their money.
bank = "development"
# issuer and audience: by -var, TF_VAR_issuer and TF_VAR_audience, or here.
