# Alpha: where a change is first seen by its own team.
environment        = "alpha"
log_retention_days = 14
shards             = 4
shows_cost         = true
# Its people are made up, and so is their money.
bank = "development"
# issuer and audience: by -var, TF_VAR_issuer and TF_VAR_audience, or here.
